/** An array of structs that processes and threads share. */
import { constants } from "node:buffer";
import { DecodeError } from "../errors.js";
import { Block } from "../memory/block.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { Identities } from "../memory/identities.js";
import type { Lock } from "../sync/lock.js";
import { OwnLock, type LockOption } from "./own-lock.js";
import { isStructClass, structAt, type StructConstructor, type StructHome, type StructSchema, type StructValues } from "./shared-struct.js";
import { StructFields } from "./struct-fields.js";

/** A class that `SharedStruct` made, or one that extends it. */
export interface AnyStructClass {
  new (...args: never[]): object;
  readonly schema: StructSchema;
}

/** The structs of a class. */
export type StructIn<C extends AnyStructClass> = C extends new (...args: never[]) => infer Struct ? Struct : never;

/**
 * An array of fixed length of structs, one after the other in memory that is shared by all processes and threads that have it.
 *
 * `at(index)` is a struct of the class over that memory: `points.at(0).x = 1` is seen by the others. It is made anew by each
 * call: two of them are two objects for the same fields. Its `lock` is the array's. It keeps the array, and travels as it does.
 * Where the class extends that of `SharedStruct`, structs have its methods; its constructor is not called.
 *
 * Reading and writing a field, and `add`, are atomic. `set` checks all it is given before it writes anything,
 * but writes field by field: what concerns several fields or structs needs `lock`. The array travels as a lock does: as an
 * argument, a result, an item on a queue, or a captured variable. Its memory is given back when nobody has it, or a struct
 * of it, any more.
 *
 * Python: `multiprocessing.Array` of a `ctypes.Structure`; `RawArray` is `{ lock: false }`. The layout is C's.
 *
 * @example
 * ```ts
 * const Point = SharedStruct({ x: "float64", y: "float64" });
 * const points = new SharedStructArray(Point, [{ x: 1.875, y: -6.25 }, { x: 5.75 }]);
 * points.at(1).y = 2;
 * for (const point of points) point.x **= 2;
 * assert.deepEqual(points.toJSON(), [{ x: 3.515625, y: -6.25 }, { x: 33.0625, y: 2 }]);
 * assert.equal(new SharedStructArray(Point, 100).at(-1).x, 0);
 * ```
 */
export class SharedStructArray<C extends AnyStructClass = AnyStructClass> implements Shareable, Iterable<StructIn<C>> {
  /** The class of the structs. */
  readonly type: C;
  readonly length: number;
  readonly #struct: StructConstructor;
  readonly #block: Block;
  readonly #fields: StructFields;
  readonly #lock: OwnLock;
  readonly #home: StructHome;

  /**
   * Makes a new array of a length, zeroed, or of the given values; fields that are not given are zero, or false.
   * Without "koffi" the threads of this process share it, and sending it to another process throws UnsupportedError.
   *
   * @throws TypeError when `type` is no class of `SharedStruct`, a value is of another kind than its field, or there is no such field.
   * @throws RangeError when the length is negative or no integer, or a value does not fit.
   * @throws ResourceLimitError when the machine cannot back the memory.
   */
  constructor(type: C, lengthOrValues: number | Iterable<Partial<StructValues<C["schema"]>>>, options?: LockOption);
  constructor(type: C, lengthOrValues: number | Iterable<unknown>, options: LockOption & { readonly block?: Block } = {}) {
    const struct: unknown = type;
    if (!isStructClass(struct)) throw new TypeError("Cannot make an array of structs: it needs a class that SharedStruct made");
    const values = typeof lengthOrValues === "number" ? undefined : listed(lengthOrValues);
    const length = values?.length ?? Number(lengthOrValues);
    const { layout } = struct;
    checkLength(length, layout.sizeBytes);
    this.type = type;
    this.length = length;
    this.#struct = struct;
    this.#lock = new OwnLock(options.lock);
    this.#block = options.block ?? Block.allocate(Math.max(1, length * layout.sizeBytes));
    this.#fields = new StructFields(layout, { buffer: this.#block.buffer, byteOffset: 0, length });
    this.#home = homeOf(this, this.#fields);
    for (const [index, value] of values?.entries() ?? []) this.#fields.write(index, this.#fields.checked(value));
  }

  /** The struct at `index`, which is the memory itself; counted from the end when it is negative. @throws RangeError when there is none. */
  at(index: number): StructIn<C> {
    return this.#struct[structAt](this.#home, this.#place(index)) as StructIn<C>;
  }

  /**
   * Writes all fields of a struct; a negative index counts from the end. Another struct of the same fields is copied.
   *
   * @throws RangeError when there is no such struct, or a value does not fit; TypeError when a field is missing, too many, or of
   * another kind. Nothing is written then.
   */
  set(index: number, values: StructValues<C["schema"]>): void {
    this.#fields.write(this.#place(index), this.#fields.checkedAll(values));
  }

  /** The lock that goes with the array: the same one wherever the array is. @throws StateError when made with `{ lock: false }`. */
  get lock(): Lock {
    return this.#lock.lock;
  }

  /** The structs themselves, not copies. */
  *[Symbol.iterator](): Generator<StructIn<C>, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }

  /** A copy of the fields of all structs. */
  toJSON(): StructValues<C["schema"]>[] {
    return this.#copies(this.length);
  }

  [Symbol.for("nodejs.util.inspect.custom")](
    _depth: number,
    options: { readonly maxArrayLength?: number | null },
    inspect: (value: unknown, options: object) => string,
  ): string {
    const shown = this.#copies(Math.min(this.length, options.maxArrayLength ?? this.length));
    shown.length = this.length; // The rest is counted, not shown.
    return `SharedStructArray<${this.#struct.name}> ${inspect(shown, options)}`;
  }

  [handleOf](): Handle {
    return { kind: "shared-struct-array", data: [known.sent(this.#block, this), this.type, this.length, this.#lock.sent()] };
  }

  #copies(length: number): StructValues<C["schema"]>[] {
    return Array.from({ length }, (_none, index) => this.#fields.read(index) as StructValues<C["schema"]>);
  }

  #place(index: number): number {
    const place = index < 0 ? index + this.length : index;
    if (Number.isInteger(place) && place >= 0 && place < this.length) return place;
    throw new RangeError(`Cannot use the struct ${index} of a shared array: it has ${this.length}`);
  }
}

/** A struct travels as its array, and its index there. */
function homeOf(array: SharedStructArray, fields: StructFields): StructHome {
  return {
    fields,
    get lock() {
      return array.lock;
    },
    handleAt: (index) => ({ kind: "shared-struct-array", data: [array, index] }),
  };
}

function listed(values: Iterable<unknown>): readonly unknown[] {
  if (typeof values !== "object" || values === null || !(Symbol.iterator in values)) {
    throw new TypeError("Cannot make an array of structs: it needs a length or the values it begins with");
  }
  return [...values];
}

function checkLength(length: number, sizeBytes: number): void {
  const most = Math.floor(constants.MAX_LENGTH / sizeBytes);
  if (Number.isInteger(length) && length >= 0 && length <= most) return;
  throw new RangeError(`Cannot make an array of structs of the length ${length}: it must be an integer from 0 to ${most}`);
}

const known = new Identities<SharedStructArray, readonly [type: StructConstructor, length: number, lock: unknown]>(
  (block, [type, length, lock]) => Reflect.construct(SharedStructArray, [type, length, { lock, block }]) as SharedStructArray,
);

/** The array, or the struct of an array, that a handle names. */
export function fromHandle(data: unknown): object {
  if (!Array.isArray(data)) throw malformed();
  if (data.length === 2 && isStructArray(data[0])) return data[0].at(data[1]);
  if (!isStructClass(data[1]) || typeof data[2] !== "number") throw malformed();
  return known.received(data[0], [data[1], data[2], data[3]]);
}

function isStructArray(value: unknown): value is { at(index: unknown): object } {
  return value instanceof SharedStructArray;
}

function malformed(): DecodeError {
  return new DecodeError("Cannot read an array of structs: its handle is malformed.");
}
