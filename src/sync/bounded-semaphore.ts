/** A semaphore that notices when more is released than was acquired. */
import { handleOf, type Handle } from "../memory/handle.js";
import { Identities } from "../memory/identities.js";
import { BaseSemaphore, checkPermits } from "./base-semaphore.js";
import { Permits } from "./permits.js";

/**
 * A semaphore that never has more permits than it began with: `release` throws `StateError` when all of them are free.
 * In all else it is a `Semaphore`.
 *
 * Python: `multiprocessing.BoundedSemaphore`, whose `release` throws `ValueError`.
 *
 * @example
 * const seats = new BoundedSemaphore(1);
 * seats.acquireSync().release();
 * assert.throws(() => seats.release(), StateError);
 */
export class BoundedSemaphore extends BaseSemaphore {
  readonly #permits: Permits;

  /**
   * Makes a semaphore with `value` free permits, 1 by default, which never has more.
   * Without "koffi" the threads of this process share it, and sending it to another process throws UnsupportedError.
   *
   * @throws RangeError when `value` is not a whole number from 0 to 2^31 - 1.
   * @throws ResourceLimitError when the machine cannot back the memory.
   */
  constructor(value?: number);
  constructor(value: number | Permits = 1) {
    const permits = value instanceof Permits ? value : Permits.allocate(checkPermits(value, "bounded semaphore"), { isBounded: true });
    super(permits);
    this.#permits = permits;
  }

  [handleOf](): Handle {
    return { kind: "bounded-semaphore", data: known.sent(this.#permits.block, this) };
  }
}

const known = new Identities<BoundedSemaphore>((block) => Reflect.construct(BoundedSemaphore, [new Permits(block)]) as BoundedSemaphore);

/** The bounded semaphore a handle names. */
export function fromHandle(data: unknown): BoundedSemaphore {
  return known.received(data);
}
