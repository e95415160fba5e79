/** Records of named numbers that processes and threads share. */
import { DecodeError } from "../errors.js";
import { Block } from "../memory/block.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { Identities } from "../memory/identities.js";
import type { Lock } from "../sync/lock.js";
import type { AddendOf, ElementOf, ElementType } from "./element-types.js";
import { OwnLock, type LockOption } from "./own-lock.js";
import { StructFields } from "./struct-fields.js";
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

/** The memory a struct is in, maybe with others, and what goes with it. */
export interface StructHome {
  readonly fields: StructFields;
  readonly lock: Lock;
  /** The handle of the struct there at `index`. */
  handleAt(index: number, struct: BaseStruct): Handle;
}

export class BaseStruct implements Shareable {
  readonly #home: StructHome;
  readonly #index: number;

  constructor(home: StructHome, index: number) {
    this.#home = home;
    this.#index = index;
  }

  get lock(): Lock {
    return this.#home.lock;
  }

  add(field: string, amount: number | bigint): ElementOf<ElementType> {
    return this.#home.fields.add(this.#index, field, amount);
  }

  toJSON(): Record<string, ElementOf<ElementType>> {
    return this.#home.fields.read(this.#index);
  }

  [Symbol.for("nodejs.util.inspect.custom")](
    _depth: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ): string {
    return `${this.constructor.name} ${inspect(this.toJSON(), options)}`;
  }

  [handleOf](): Handle {
    return this.#home.handleAt(this.#index, this);
  }

  static read(struct: BaseStruct, place: number): ElementOf<ElementType> {
    return struct.#home.fields.load(struct.#index, place);
  }

  static write(struct: BaseStruct, place: number, value: ElementOf<ElementType>): void {
    struct.#home.fields.store(struct.#index, place, value);
  }
}

/** The home of a struct that is alone in its block. */
class OwnHome implements StructHome {
  readonly fields: StructFields;
  readonly #block: Block;
  readonly #lock: OwnLock;

  constructor(layout: StructLayout, block: Block, lock: OwnLock) {
    this.fields = new StructFields(layout, { buffer: block.memory, byteOffset: block.at * 4, length: 1 });
    this.#block = block;
    this.#lock = lock;
  }

  get lock(): Lock {
    return this.#lock.lock;
  }

  handleAt(_index: number, struct: BaseStruct): Handle {
    return { kind: "shared-struct", data: [known.sent(this.#block, struct), struct.constructor, this.#lock.sent()] };
  }
}

/** The key of what a class of structs has for arrays of them. The same symbol in every copy of the library. */
export const structAt: unique symbol = Symbol.for("manyhands.struct");

export interface StructConstructor {
  new (values?: object, options?: LockOption): BaseStruct;
  readonly layout: StructLayout;
  /** The struct of this class that is at `index` of a home. No constructor of a class that extends it is called. */
  [structAt](home: StructHome, index: number): BaseStruct;
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
      const lock = new OwnLock(options.lock);
      const home = new OwnHome(layout, Block.allocate(layout.sizeBytes), lock);
      home.fields.write(0, home.fields.checked(values));
      super(home, 0);
    }

    static [structAt](home: StructHome, index: number): BaseStruct {
      // `this` is the class that extends this one, where one does; its constructor may want something else.
      return Reflect.construct<[StructHome, number], BaseStruct>(BaseStruct, [home, index], this);
    }

    static [handleOf](): Handle {
      return { kind: "shared-struct", data: schema };
    }
  }
  Object.defineProperty(Struct, "name", { value: "SharedStruct" });
  for (const [place, { name }] of layout.fields.entries()) {
    Object.defineProperty(Struct.prototype, name, {
      enumerable: true,
      get(this: BaseStruct) {
        return BaseStruct.read(this, place);
      },
      set(this: BaseStruct, value: ElementOf<ElementType>) {
        BaseStruct.write(this, place, value);
      },
    });
  }
  return Struct;
}

const known = new Identities<BaseStruct, readonly [struct: StructConstructor, lock: unknown]>((block, [struct, lock]) =>
  struct[structAt](new OwnHome(struct.layout, block, new OwnLock(lock)), 0),
);

/** The struct, or the class of structs, that a handle names. */
export function fromHandle(data: unknown): object {
  if (Array.isArray(data) && isStructClass(data[1])) return known.received(data[0], [data[1], data[2]]);
  if (Array.isArray(data)) throw new DecodeError("Cannot read a shared struct: its handle is malformed.");
  return classOf(data as StructSchema);
}

/** Not by its prototype: in a worker, it may come from another copy of the library. */
export function isStructClass(value: unknown): value is StructConstructor {
  return typeof value === "function" && structAt in value;
}
