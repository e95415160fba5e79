/** A number, or a truth value, that processes and threads share. */
import { DecodeError } from "../errors.js";
import { Block } from "../memory/block.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { Identities } from "../memory/identities.js";
import type { Lock } from "../sync/lock.js";
import { checkElementType, elementSizeBytes, isElementType, type AddendOf, type ElementOf, type ElementType } from "./element-types.js";
import { elementsIn, type Elements } from "./elements.js";
import { OwnLock, type LockOption } from "./own-lock.js";

/**
 * One value in memory that is shared by all processes and threads that have it.
 *
 * Reading and writing `value`, `add`, `exchange` and `compareExchange` are atomic, and none of them takes the lock. But
 * `shared.value += 1` reads, adds and writes: two processes that do so lose one of the additions. Use `add`, or hold `lock`.
 *
 * A value that does not fit is refused where Python's wraps around. It travels as a lock does: as an argument, a result, an
 * item on a queue, or a captured variable. Its memory is given back when nobody has it any more.
 *
 * Python: `multiprocessing.Value(type, initial, lock=True)`; `get_lock()` is `lock`, and `RawValue` is `{ lock: false }`.
 *
 * @example
 * ```ts
 * const hits = new SharedValue("int32");
 * hits.add(2);
 * assert.equal(hits.value, 2);
 * assert.throws(() => (hits.value = 2 ** 31), RangeError);
 * assert.equal(new SharedValue("float64", 1.5).value, 1.5);
 * ```
 */
export class SharedValue<T extends ElementType = ElementType> implements Shareable {
  /** `"int32"` and so on. */
  readonly type: T;
  readonly #block: Block;
  readonly #elements: Elements<T>;
  readonly #lock: OwnLock;

  /**
   * Makes a new value: `initial`, or else zero, or false.
   * Without "koffi" the threads of this process share it, and sending it to another process throws UnsupportedError.
   *
   * @throws TypeError when there is no such type, or `initial` is of another kind: a `number` for `int64`.
   * @throws RangeError when `initial` does not fit.
   * @throws ResourceLimitError when the machine cannot back the memory.
   */
  constructor(type: T, initial?: ElementOf<T>, options?: LockOption);
  constructor(type: T, initial?: ElementOf<T> | Block, options: LockOption = {}) {
    checkElementType(type, "a shared value");
    this.type = type;
    this.#lock = new OwnLock(options.lock);
    this.#block = initial instanceof Block ? initial : Block.allocate(elementSizeBytes[type]);
    this.#elements = elementsIn(type, { buffer: this.#block.memory, byteOffset: this.#block.at * 4, length: 1 });
    if (initial !== undefined && !(initial instanceof Block)) this.#elements.store(0, initial);
  }

  get value(): ElementOf<T> {
    return this.#elements.load(0);
  }

  /** @throws TypeError | RangeError when it does not fit the type; the value is then as it was. */
  set value(value: ElementOf<T>) {
    this.#elements.store(0, value);
  }

  /**
   * Adds `amount`, which may be negative, in one step. Returns the value before, as `Atomics.add` does.
   *
   * @throws RangeError when the sum does not fit the type; the value is then as it was.
   * @throws TypeError when the amount is of another kind, or the type is `bool`.
   */
  add(amount: AddendOf<T>): ElementOf<T> {
    return this.#elements.add(0, amount);
  }

  /** Writes a value in one step, and returns the one before. @throws TypeError | RangeError when it does not fit. */
  exchange(value: ElementOf<T>): ElementOf<T> {
    return this.#elements.exchange(0, value);
  }

  /**
   * Writes `value` if the present one is `expected`, in one step. Returns the value before: the exchange was made when that
   * is `expected`. Floats are compared by value.
   *
   * @throws TypeError | RangeError when either does not fit.
   */
  compareExchange(expected: ElementOf<T>, value: ElementOf<T>): ElementOf<T> {
    return this.#elements.compareExchange(0, expected, value);
  }

  /** The lock that goes with the value: the same one wherever the value is. @throws StateError when made with `{ lock: false }`. */
  get lock(): Lock {
    return this.#lock.lock;
  }

  toString(): string {
    return String(this.value);
  }

  toJSON(): ElementOf<T> {
    return this.value;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `SharedValue<${this.type}> ${this.value}`;
  }

  [handleOf](): Handle {
    return { kind: "shared-value", data: [known.sent(this.#block, this), this.type, this.#lock.sent()] };
  }
}

const known = new Identities<SharedValue, readonly [type: ElementType, lock: unknown]>(
  (block, [type, lock]) => Reflect.construct(SharedValue, [type, block, { lock }]) as SharedValue,
);

/** The shared value a handle names. */
export function fromHandle(data: unknown): SharedValue {
  if (!Array.isArray(data) || !isElementType(data[1])) throw new DecodeError("Cannot read a shared value: its handle is malformed.");
  return known.received(data[0], [data[1], data[2]]);
}
