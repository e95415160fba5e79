/**
 * Words in a `SharedArrayBuffer`, for threads on every platform: `Atomics.wait`, `notify` and `waitAsync`.
 *
 * `Atomics.waitAsync` cannot be cancelled, and does not keep the event loop alive. So there is at most one of them for a
 * word and thread, for all asynchronous waits of this thread together; when nobody here waits any more by the time it is
 * notified, it passes the notification on.
 */
import { PendingWaits, type WaitSource } from "./pending-waits.js";
import type { WaitOptions, WaitResult, Words } from "./waitable.js";

/** The longest delay a timer takes, in milliseconds. */
const longestDelay = 0x7fff_ffff;

export class SharedWords implements Words, WaitSource {
  readonly int32: Int32Array<SharedArrayBuffer>;
  readonly #pending: PendingWaits;
  readonly #listening = new Set<number>();
  readonly #waiting = new Set<number>();
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(buffer: SharedArrayBuffer) {
    this.int32 = new Int32Array(buffer);
    this.#pending = new PendingWaits(this.int32, this);
  }

  wait(index: number, expected: number, timeout?: number): WaitResult {
    const result = Atomics.wait(this.int32, index, expected, timeout === undefined ? Infinity : Math.max(0, timeout));
    return result === "ok" ? "woken" : result;
  }

  waitAsync(index: number, expected: number, options: WaitOptions = {}): Promise<WaitResult> {
    return this.#pending.wait(index, expected, options);
  }

  wake(index: number, count: number): void {
    Atomics.notify(this.int32, index, count);
  }

  begin(index: number): void {
    this.#waiting.add(index);
    this.#keepAlive ??= setInterval(() => {}, longestDelay);
    this.#listen(index);
  }

  end(index: number): void {
    this.#waiting.delete(index);
    if (this.#waiting.size > 0) return;
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
  }

  #listen(index: number): void {
    if (this.#listening.has(index)) return;
    const wait = Atomics.waitAsync(this.int32, index, Atomics.load(this.int32, index));
    if (!wait.async) {
      // It changed between the two looks: whoever waits here sees that when it looks at the word itself.
      queueMicrotask(() => this.#heard(index));
      return;
    }
    this.#listening.add(index);
    void wait.value.then(() => {
      this.#listening.delete(index);
      if (this.#waiting.has(index)) this.#heard(index);
      else Atomics.notify(this.int32, index, 1);
    });
  }

  #heard(index: number): void {
    this.#pending.wake(index, 1);
    if (this.#waiting.has(index)) this.#listen(index);
  }
}
