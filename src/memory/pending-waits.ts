/** The asynchronous waits of one thread on the words of one piece of memory. What wakes them is the implementation's matter. */
import { startTimer } from "../platform/timer.js";
import type { WaitResult, WordWaitOptions } from "./waitable.js";

interface Pending {
  readonly expected: number;
  settle(result: WaitResult): void;
}

/** What an implementation does when the first wait on a word starts, and when the last one is over. */
export interface WaitSource {
  /** Called before the word is looked at. */
  begin(index: number): void;
  /** `gaveUp`: the last wait was not woken, it ran out of time or was aborted. */
  end(index: number, gaveUp: boolean): void;
  /** Keeps the event loop alive from the first wait that is not in the background on, until `unref` at the end of the last one. */
  ref(): void;
  unref(): void;
}

export class PendingWaits {
  readonly #int32: Int32Array;
  readonly #source: WaitSource;
  readonly #byIndex = new Map<number, Set<Pending>>();
  /** How many waits keep the event loop alive. */
  #foreground = 0;

  constructor(int32: Int32Array, source: WaitSource) {
    this.#int32 = int32;
    this.#source = source;
  }

  /** The words that are waited on. */
  indices(): Iterable<number> {
    return this.#byIndex.keys();
  }

  /** @throws the signal's reason. */
  wait(index: number, expected: number, { timeout, signal, isBackground = false }: WordWaitOptions): Promise<WaitResult> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (Atomics.load(this.#int32, index) !== expected) return Promise.resolve("not-equal");
    if (timeout !== undefined && timeout <= 0) return Promise.resolve("timed-out");
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const over = (gaveUp: boolean): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        this.#remove(index, pending, gaveUp);
        if (!isBackground && --this.#foreground === 0) this.#source.unref();
      };
      const abort = (): void => {
        over(true);
        reject(signal?.reason);
      };
      const pending: Pending = {
        expected,
        settle(result) {
          over(result === "timed-out");
          resolve(result);
        },
      };
      if (timeout !== undefined && timeout < Infinity) timer = startTimer(timeout, () => pending.settle("timed-out"));
      if (isBackground) timer?.unref();
      signal?.addEventListener("abort", abort, { once: true });
      if (!isBackground && this.#foreground++ === 0) this.#source.ref();
      this.#add(index, pending);
      if (Atomics.load(this.#int32, index) !== expected) pending.settle("not-equal");
    });
  }

  /** Settles the waits on a word that has changed; if none has changed and `atLeast` is more, the oldest ones all the same. */
  wake(index: number, atLeast: number): void {
    const waits = this.#byIndex.get(index);
    if (waits === undefined) return;
    const value = Atomics.load(this.#int32, index);
    let left = atLeast;
    for (const pending of [...waits]) {
      if (pending.expected === value) continue;
      pending.settle("woken");
      left--;
    }
    for (const pending of [...waits]) {
      if (left-- <= 0) return;
      pending.settle("woken");
    }
  }

  #add(index: number, pending: Pending): void {
    const waits = this.#byIndex.get(index);
    if (waits !== undefined) {
      waits.add(pending);
      return;
    }
    this.#byIndex.set(index, new Set([pending]));
    this.#source.begin(index);
  }

  #remove(index: number, pending: Pending, gaveUp: boolean): void {
    const waits = this.#byIndex.get(index);
    if (waits === undefined || !waits.delete(pending)) return;
    if (waits.size > 0) return;
    this.#byIndex.delete(index);
    this.#source.end(index, gaveUp);
  }
}
