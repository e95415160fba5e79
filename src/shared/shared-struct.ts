/** Records of named numbers that processes and threads share. */
import { DecodeError } from "../errors.js";
import { Block } from "../memory/block.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { Identities } from "../memory/identities.js";
import type { Lock } from "../sync/lock.js";
import type { AddendOf, ElementOf, ElementType } from "./element-types.js";
import { elementsIn, type Elements } from "./elements.js";
import { OwnLock, type LockOption } from "./own-lock.js";
import { layoutOf, type StructLayout } from "./struct-layout.js";

/** The fields of a struct and their types, in order. */
export type StructSchema = Readonly<Record<string, ElementType>>;

/** The values of a struct's fields. */
export type StructValues<S extends StructSchema> = { -readonly [K in keyof S]: ElementOf<S[K]> };

/** What every struct has besides its fields. */
export interface StructMembers<S extends StructSchema> extends Shareable {
  /** The lock that goes with the struct: the same one wherever the struct is. @throws StateError when made with `{ lock: false }`. */
  readonly lock: Lock;
  /**
   * Adds to a field in one step, and returns what it was.
   *
   * @throws RangeError when the sum does not fit: the field is then as it was. TypeError when there is no such field.
   */
  add<K extends keyof S & string>(field: K, amount: AddendOf<S[K]>): ElementOf<S[K]>;
  /** A copy of the fields. */
  toJSON(): StructValues<S>;
}

export type StructOf<S extends StructSchema> = StructValues<S> & StructMembers<S>;

export interface StructClass<S extends StructSchema> {
  /**
   * Makes a new struct; fields that are not given are zero, or false.
   *
   * @throws TypeError | RangeError when a value does not fit its field, or there is no such field.
   * @throws ResourceLimitError when the machine cannot back the memory.
   */
  new (values?: Partial<StructValues<S>>, options?: LockOption): StructOf<S>;
  readonly schema: S;
  /** The size of one, in bytes. */
  readonly sizeBytes: number;
}

/**
 * Makes a class of records whose fields are in shared memory.
 *
 * Reading and writing a field, and `add`, are atomic; what concerns several fields needs `lock`. What does not fit a field is
 * refused. Structs, and their classes, travel as a lock does; what extends such a class keeps its methods. Fields are laid out
 * as C does: in order, each at a multiple of its size. The same schema gives the same class.
 *
 * Python: `multiprocessing.Value` of a `ctypes.Structure`.
 *
 * @example
 * ```ts
 * const Point = SharedStruct({ x: "float64", hits: "uint32" });
 * const point = new Point({ x: 1.5 });
 * point.x *= 2;
 * point.add("hits", 1);
 * assert.deepEqual(point.toJSON(), { x: 3, hits: 1 });
 * ```
 */
export function SharedStruct<const S extends StructSchema>(schema: S): StructClass<S> {
  return classOf(schema) as unknown as StructClass<S>;
}

class BaseStruct implements Shareable {
  readonly #block: Block;
  readonly #elements = new Map<string, Elements<ElementType>>();
  readonly #lock: OwnLock;

  constructor(layout: StructLayout, values: object | Block, options: LockOption) {
    this.#lock = new OwnLock(options.lock);
    this.#block = values instanceof Block ? values : Block.allocate(layout.sizeBytes);
    const { memory: buffer, at } = this.#block;
    for (const { name, type, byteOffset } of layout.fields) {
      this.#elements.set(name, elementsIn<ElementType>(type, { buffer, byteOffset: at * 4 + byteOffset, length: 1 }));
    }
    if (values instanceof Block) return;
    for (const [name, value] of Object.entries(values)) this.#field(name).store(0, value as ElementOf<ElementType>);
  }

  get lock(): Lock {
    return this.#lock.lock;
  }

  add(field: string, amount: number | bigint): ElementOf<ElementType> {
    return this.#field(field).add(0, amount);
  }

  toJSON(): Record<string, ElementOf<ElementType>> {
    return Object.fromEntries(Array.from(this.#elements, ([name, field]) => [name, field.load(0)]));
  }

  [Symbol.for("nodejs.util.inspect.custom")](
    _depth: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ): string {
    return `${this.constructor.name} ${inspect(this.toJSON(), options)}`;
  }

  [handleOf](): Handle {
    return { kind: "shared-struct", data: [known.sent(this.#block, this), this.constructor, this.#lock.sent()] };
  }

  static read(struct: BaseStruct, name: string): ElementOf<ElementType> {
    return struct.#field(name).load(0);
  }

  static write(struct: BaseStruct, name: string, value: ElementOf<ElementType>): void {
    struct.#field(name).store(0, value);
  }

  #field(name: string): Elements<ElementType> {
    const field = this.#elements.get(name);
    if (field === undefined)
      throw new TypeError(`Cannot use the field "${name}" of a shared struct: it has ${[...this.#elements.keys()].join(", ")}`);
    return field;
  }
}

interface StructConstructor {
  new (values?: object, options?: LockOption): BaseStruct;
  readonly layout: StructLayout;
}

const classes = new Map<string, StructConstructor>();

/** Two schemas are the same when they have the same fields in the same order. */
function classOf(schema: StructSchema): StructConstructor {
  const layout = layoutOf(schema, (name) => name in BaseStruct.prototype);
  const key = JSON.stringify(Object.entries(schema));
  const made = classes.get(key) ?? makeClass(layout, Object.freeze({ ...schema }));
  classes.set(key, made);
  return made;
}

function makeClass(layout: StructLayout, schema: StructSchema): StructConstructor {
  class Struct extends BaseStruct {
    static readonly schema = schema;
    static readonly layout = layout;
    static readonly sizeBytes = layout.sizeBytes;

    constructor(values: object = {}, options: LockOption = {}) {
      super(layout, values, options);
    }

    static [handleOf](): Handle {
      return { kind: "shared-struct", data: schema };
    }
  }
  Object.defineProperty(Struct, "name", { value: "SharedStruct" });
  for (const { name } of layout.fields) {
    Object.defineProperty(Struct.prototype, name, {
      enumerable: true,
      get(this: BaseStruct) {
        return BaseStruct.read(this, name);
      },
      set(this: BaseStruct, value: ElementOf<ElementType>) {
        BaseStruct.write(this, name, value);
      },
    });
  }
  return Struct;
}

const known = new Identities<BaseStruct, readonly [struct: StructConstructor, lock: unknown]>(
  // Not by the class's own constructor, which may be of a class that extends it and wants something else.
  (block, [struct, lock]) => Reflect.construct(BaseStruct, [struct.layout, block, { lock }], struct) as BaseStruct,
);

/** The struct, or the class of structs, that a handle names. */
export function fromHandle(data: unknown): object {
  if (Array.isArray(data) && isStructClass(data[1])) return known.received(data[0], [data[1], data[2]]);
  if (Array.isArray(data)) throw new DecodeError("Cannot read a shared struct: its handle is malformed.");
  return classOf(data as StructSchema);
}

function isStructClass(value: unknown): value is StructConstructor {
  return typeof value === "function" && value.prototype instanceof BaseStruct;
}
