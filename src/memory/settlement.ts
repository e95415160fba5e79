/**
 * Whether a promise has settled, for those who wait for it again and again. What a promise is told to do once it has settled it
 * keeps for as long as it lives, so who gives up waiting leaves something behind; here each promise is asked once.
 */
import type { Readiness } from "./readiness.js";

export class Settlement implements Readiness {
  #isReady = false;
  readonly #waiting = new Set<() => void>();

  /** The settlement of a promise; one for each, however often it is asked for. */
  static of(promise: PromiseLike<unknown>): Settlement {
    let settlement = known.get(promise);
    if (settlement === undefined) {
      settlement = new Settlement(promise);
      known.set(promise, settlement);
    }
    return settlement;
  }

  private constructor(promise: PromiseLike<unknown>) {
    const settle = (): void => {
      this.#isReady = true;
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    };
    void promise.then(settle, settle);
  }

  /** Whether it has settled, either way: known a microtask after the first question. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** How many wait. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Has `wake` called once it has settled, never at once; returns what calls that off, and leaves nothing behind. */
  onSettled(wake: () => void): () => void {
    if (this.#isReady) queueMicrotask(wake);
    else this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  whenReady(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const over = (): void => {
        callOff();
        signal.removeEventListener("abort", over);
        resolve();
      };
      const callOff = this.onSettled(over);
      signal.addEventListener("abort", over, { once: true });
    });
  }
}

const known = new WeakMap<PromiseLike<unknown>, Settlement>();
