import { longestDelay } from "../platform/timer.js";

/**
 * Keeps the event loop alive while there is work. The workers' own handles never do: a pool that nobody closed must not
 * keep a program from ending, and switching one timer costs the same for two workers as for two hundred.
 */
export class KeepAlive {
  #timer: NodeJS.Timeout | undefined;
  #holds = 0;

  /** Takes a hold; each must be released once. */
  hold(): void {
    this.#holds += 1;
    if (this.#holds > 1) return;
    if (this.#timer === undefined) this.#timer = setInterval(() => {}, longestDelay);
    else this.#timer.ref();
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#timer?.unref();
  }

  /** Gives the timer back when nobody holds it; `hold` makes a new one. */
  disposeIfUnused(): void {
    if (this.#holds > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
