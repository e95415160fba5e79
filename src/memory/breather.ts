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
    if (++this.#calls < callsBetween) return false;
    this.#calls = 0;
    return true;
  }

  /** Counts a call for more than one: it has kept the event loop for longer. */
  add(calls: number): void {
    this.#calls += calls;
  }

  /** Settles as `value` does, after a turn of the event loop. */
  after<V>(value: V | PromiseLike<V>): Promise<V> {
    return new Promise((resolve, reject) => {
      // Handled at once: a promise that is rejected meanwhile is not one that nobody handles.
      void Promise.resolve(value).then((settled) => setImmediate(() => resolve(settled)), reject);
    });
  }
}
