/**
 * Lets the event loop turn now and then. Whoever awaits promises that are settled already, again and again, never leaves the
 * microtasks: timers and sockets of the program would starve while messages come faster than they are received.
 */

/** So many calls in a row may settle at once: well below a millisecond. */
const callsBetween = 512;

export class Breather {
  #calls = 0;

  /** Counts a call that settles at once; whether it is time to let the event loop turn instead. */
  isDue(): boolean {
    this.#calls = (this.#calls + 1) % callsBetween;
    return this.#calls === 0;
  }

  /** Resolves to `value` after a turn of the event loop. */
  after<V>(value: V | PromiseLike<V>): Promise<V> {
    return new Promise((resolve) => setImmediate(() => resolve(value)));
  }
}
