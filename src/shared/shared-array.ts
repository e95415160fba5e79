/** An array of numbers, or of truth values, that processes and threads share. */
import { constants } from "node:buffer";
import { DecodeError } from "../errors.js";
import { Block } from "../memory/block.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { Identities } from "../memory/identities.js";
import type { Lock } from "../sync/lock.js";
import {
  checkElementType,
  elementSizeBytes,
  isElementType,
  type AddendOf,
  type ElementOf,
  type ElementType,
  type ViewOf,
} from "./element-types.js";
import { elementsIn, type Elements } from "./elements.js";
import { OwnLock, type LockOption } from "./own-lock.js";

/**
 * An array of fixed length in memory that is shared by all processes and threads that have it.
 *
 * `view` is a typed array over that memory: `array.view[i]! *= 2` in one process is seen by the others, as fast as in any
 * array. Slices are `view.subarray(from, to)` (the same memory) and `view.slice(from, to)` (a copy). As with any typed
 * array, what does not fit an element wraps around there; `set`, `add` and `fill` of the array itself refuse it.
 *
 * `at`, `set` and `add` are atomic. Whatever needs more than one of them to be consistent needs `lock`. It travels as a lock
 * does: as an argument, a result, an item on a queue, or a captured variable. Its memory is given back when nobody has the
 * array, its view, or a part of the view any more.
 *
 * Python: `multiprocessing.Array(type, size_or_initializer, lock=True)`; `RawArray` is `{ lock: false }`.
 *
 * @example
 * ```ts
 * const squares = new SharedArray("int32", [1, 2, 3]);
 * for (let i = 0; i < squares.length; i++) squares.view[i]! *= 2;
 * assert.deepEqual([...squares], [2, 4, 6]);
 * assert.equal(squares.at(-1), 6);
 * assert.throws(() => squares.set(0, 2 ** 31), RangeError);
 * ```
 */
export class SharedArray<T extends ElementType = ElementType> implements Shareable, Iterable<ElementOf<T>> {
  /** `"int32"` and so on. */
  readonly type: T;
  readonly length: number;
  readonly #block: Block;
  readonly #elements: Elements<T>;
  readonly #lock: OwnLock;

  /**
   * Makes a new array of a length, zeroed, or of the given values.
   * Without "koffi" the threads of this process share it, and sending it to another process throws UnsupportedError.
   *
   * @throws TypeError when there is no such type, or a value is of another kind: a `number` for `int64`.
   * @throws RangeError when the length is negative or no integer, or a value does not fit.
   * @throws ResourceLimitError when the machine cannot back the memory.
   */
  constructor(type: T, lengthOrValues: number | Iterable<ElementOf<T>>, options?: LockOption);
  constructor(type: T, lengthOrValues: number | Iterable<ElementOf<T>>, options: LockOption & { readonly block?: Block } = {}) {
    if (typeof type === "function") throw new TypeError("Cannot make a shared array of structs: use new SharedStructArray");
    checkElementType(type, "a shared array");
    const values = typeof lengthOrValues === "number" ? undefined : listed(lengthOrValues);
    const length = values?.length ?? Number(lengthOrValues);
    checkLength(length, type);
    this.type = type;
    this.length = length;
    this.#lock = new OwnLock(options.lock);
    this.#block = options.block ?? Block.allocate(Math.max(1, length * elementSizeBytes[type]));
    this.#elements = elementsIn(type, { buffer: this.#block.buffer, byteOffset: 0, length });
    if (values !== undefined) this.#write(values);
  }

  /** The elements, as a typed array over the shared memory. The elements of a `bool` array are bytes that are 0 or 1. */
  get view(): ViewOf<T> {
    return this.#elements.view;
  }

  /** The element at `index`; counted from the end when it is negative. @throws RangeError when there is none. */
  at(index: number): ElementOf<T> {
    return this.#elements.load(this.#place(index));
  }

  /**
   * Writes an element; a negative index counts from the end.
   *
   * @throws RangeError when there is no such element, or the value does not fit; TypeError when it is of another kind.
   */
  set(index: number, value: ElementOf<T>): void {
    this.#elements.store(this.#place(index), value);
  }

  /**
   * Adds to an element in one step, and returns what it was; a negative index counts from the end.
   *
   * @throws RangeError when there is no such element, or the sum does not fit: the element is then as it was.
   * @throws TypeError when the amount is of another kind, or the type is `bool`.
   */
  add(index: number, amount: AddendOf<T>): ElementOf<T> {
    return this.#elements.add(this.#place(index), amount);
  }

  /** Writes one value to all elements, or to those from `start` to before `end`. Not atomic. @throws TypeError | RangeError when it does not fit. */
  fill(value: ElementOf<T>, start?: number, end?: number): this {
    this.#elements.fill(value, start, end);
    return this;
  }

  /** The lock that goes with the array: the same one wherever the array is. @throws StateError when made with `{ lock: false }`. */
  get lock(): Lock {
    return this.#lock.lock;
  }

  *[Symbol.iterator](): Generator<ElementOf<T>, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.#elements.load(index);
  }

  /** The elements in brackets: `[2, 4, 6]`. */
  toString(): string {
    return `[${[...this].join(", ")}]`;
  }

  toJSON(): ElementOf<T>[] {
    return [...this];
  }

  [Symbol.for("nodejs.util.inspect.custom")](
    _depth: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ): string {
    return `SharedArray<${this.type}> ${inspect(this.view, options)}`;
  }

  [handleOf](): Handle {
    return { kind: "shared-array", data: [known.sent(this.#block, this), this.type, this.length, this.#lock.sent()] };
  }

  #place(index: number): number {
    const place = index < 0 ? index + this.length : index;
    if (Number.isInteger(place) && place >= 0 && place < this.length) return place;
    throw new RangeError(`Cannot use the element ${index} of a shared array: it has ${this.length}`);
  }

  #write(values: ArrayLike<ElementOf<T>>): void {
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (value === undefined) throw new TypeError(`Cannot make a shared array: its element ${index} is undefined`);
      this.#elements.store(index, value);
    }
  }
}

function listed<V>(values: Iterable<V>): ArrayLike<V> {
  if (typeof values !== "object" || values === null || !(Symbol.iterator in values)) {
    throw new TypeError("Cannot make a shared array: it needs a length or the values it begins with");
  }
  return Array.isArray(values) || ArrayBuffer.isView(values) ? (values as unknown as ArrayLike<V>) : [...values];
}

function checkLength(length: number, type: ElementType): void {
  const most = Math.floor(constants.MAX_LENGTH / elementSizeBytes[type]);
  if (Number.isInteger(length) && length >= 0 && length <= most) return;
  throw new RangeError(`Cannot make a shared array of the length ${length}: it must be an integer from 0 to ${most}`);
}

const known = new Identities<SharedArray, readonly [type: ElementType, length: number, lock: unknown]>(
  (block, [type, length, lock]) => Reflect.construct(SharedArray, [type, length, { lock, block }]) as SharedArray,
);

/** The shared array a handle names. */
export function fromHandle(data: unknown): SharedArray {
  if (!Array.isArray(data) || !isElementType(data[1]) || typeof data[2] !== "number") {
    throw new DecodeError("Cannot read a shared array: its handle is malformed.");
  }
  return known.received(data[0], [data[1], data[2], data[3]]);
}
