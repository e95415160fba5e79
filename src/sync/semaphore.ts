/** A semaphore that processes and threads share. */
import { handleOf, type Handle } from "../memory/handle.js";
import { Identities } from "../memory/identities.js";
import { BaseSemaphore, checkPermits } from "./base-semaphore.js";
import { Permits } from "./permits.js";

/**
 * A number of permits: at most so many holders at a time, among all processes and threads that have the semaphore.
 *
 * Whoever releases more than was acquired adds permits beyond the first `value`: begin with 0 and it counts signals.
 * It travels: as an argument, a result, an item on a queue, or a captured variable, and is the same semaphore on arrival.
 *
 * The permits of a holder that is killed, or ends, come back within 50 milliseconds to whoever waits, and that one's guard
 * says `abandoned`. Permits beyond the first `value` belong to nobody: whoever takes one has used it up.
 *
 * No waiter starves: after 5 milliseconds of being passed by, permits are kept for it. Within one thread, `acquire` is
 * first come, first served. What was written before `release` is seen after the `acquire` that takes the permit.
 *
 * Python: `multiprocessing.Semaphore`; `acquire` returns a guard or `undefined` rather than a boolean.
 *
 * @example
 * const connections = new Semaphore(2);
 * using first = await connections.acquire();
 * using second = await connections.acquire();
 * assert.equal(connections.value, 0);
 * assert.equal(connections.tryAcquire(), undefined);
 */
export class Semaphore extends BaseSemaphore {
  readonly #permits: Permits;

  /**
   * Makes a semaphore with `value` free permits, 1 by default.
   * Without "koffi" the threads of this process share it, and sending it to another process throws UnsupportedError.
   *
   * @throws RangeError when `value` is not a whole number from 0 to 2^31 - 1.
   * @throws ResourceLimitError when the machine cannot back the memory.
   */
  constructor(value?: number);
  constructor(value: number | Permits = 1) {
    const permits = value instanceof Permits ? value : Permits.allocate(checkPermits(value, "semaphore"), { isBounded: false });
    super(permits);
    this.#permits = permits;
  }

  [handleOf](): Handle {
    return { kind: "semaphore", data: known.sent(this.#permits.block, this) };
  }
}

const known = new Identities<Semaphore>((block) => Reflect.construct(Semaphore, [new Permits(block)]) as Semaphore);

/** The semaphore a handle names. */
export function fromHandle(data: unknown): Semaphore {
  return known.received(data);
}
