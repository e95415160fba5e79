/** Tells those of this thread who wait that something has changed. */
import type { Deadline } from "../memory/deadline.js";

export class Changes {
  readonly #waiting = new Set<() => void>();
  readonly #onAwaited: (isAwaited: boolean) => void;

  /** `onAwaited` is told when the first begins to wait, and when nobody waits any more. */
  constructor(onAwaited: (isAwaited: boolean) => void) {
    this.#onAwaited = onAwaited;
  }

  /** Has everybody look again who waits. */
  announce(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves to true at the next change; to false when the time is over. @throws the signal's reason. */
  next(deadline: Deadline, signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const { remaining } = deadline;
    if (remaining <= 0) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      const over = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        this.#waiting.delete(wake);
        if (this.#waiting.size === 0) this.#onAwaited(false);
      };
      const wake = (): void => {
        over();
        resolve(true);
      };
      const abort = (): void => {
        over();
        reject(signal?.reason);
      };
      const late = (): void => {
        over();
        // The longest delay of a timer may end before the deadline does.
        resolve(deadline.remaining > 0);
      };
      const timer = remaining === Infinity ? undefined : setTimeout(late, Math.min(Math.ceil(remaining), longestTimer));
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.add(wake);
      if (this.#waiting.size === 1) this.#onAwaited(true);
    });
  }
}

/** The longest delay a timer takes, in milliseconds. */
const longestTimer = 0x7fff_ffff;
