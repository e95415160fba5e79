/** The order in which asynchronous waits of one thread take turns: first come, first served. */
import { startTimer } from "../platform/timer.js";
import type { Deadline } from "./deadline.js";

export class Turns {
  readonly #queue = new Set<() => void>();
  #isTaken = false;

  get isEmpty(): boolean {
    return !this.#isTaken;
  }

  /**
   * Resolves to true when it is the caller's turn, which lasts until it calls `leave`; to false when the time is over.
   *
   * @throws the signal's reason.
   */
  enter(deadline: Deadline, signal: AbortSignal | undefined): Promise<boolean> | boolean {
    if (!this.#isTaken) {
      this.#isTaken = true;
      return true;
    }
    const { remaining } = deadline;
    if (remaining <= 0) return false;
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const over = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        this.#queue.delete(admit);
      };
      const abort = (): void => {
        over();
        reject(signal?.reason);
      };
      const admit = (): void => {
        over();
        resolve(true);
      };
      const look = (): void => {
        if (deadline.remaining > 0) {
          // Further away than a timer goes.
          timer = startTimer(deadline.remaining, look);
          return;
        }
        over();
        resolve(false);
      };
      if (remaining < Infinity) timer = startTimer(remaining, look);
      signal?.addEventListener("abort", abort, { once: true });
      this.#queue.add(admit);
    });
  }

  leave(): void {
    const [next] = this.#queue;
    if (next === undefined) this.#isTaken = false;
    else next();
  }
}
