/**
 * Words in a `SharedArrayBuffer`, for threads on every platform: `Atomics.wait`, `notify` and `waitAsync`.
 *
 * `Atomics.waitAsync` cannot be cancelled, and does not keep the event loop alive. So there is at most one of them for a
 * word and thread, for all asynchronous waits of this thread together. One that outlives its waits would swallow a
 * notification meant for somebody else: hence the last word of the buffer, which is not for use.
 *
 *     last word   how many `waitAsync` are outstanding, of all threads     add, before it starts; sub, when it is over
 *
 *  1. A waker changes its word, then reads the last one: unless it is 0 it notifies everybody rather than a few.
 *  2. It read 0 and one starts all the same: that one started after the change, and stands behind all who waited before.
 *  3. A thread that ends without taking its own back leaves a number that makes wake-ups dearer, and none go missing.
 */
import { PendingWaits, type WaitSource } from "./pending-waits.js";
import type { WaitResult, WordWaitOptions, Words } from "./waitable.js";

/**
 * One `waitAsync` lasts so long, in milliseconds. It keeps the memory even when nobody waits there any more: so not for ever,
 * and rarely enough to cost nothing.
 */
const listenMs = 1000;
/** The longest delay a timer takes, in milliseconds. */
const longestDelay = 0x7fff_ffff;

export class SharedWords implements Words, WaitSource {
  readonly int32: Int32Array<SharedArrayBuffer>;
  readonly #pending: PendingWaits;
  readonly #listening = new Set<number>();
  readonly #waiting = new Set<number>();
  readonly #outstanding: number;
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(buffer: SharedArrayBuffer) {
    this.int32 = new Int32Array(buffer);
    this.#outstanding = this.int32.length - 1;
    this.#pending = new PendingWaits(this.int32, this);
  }

  wait(index: number, expected: number, timeout?: number): WaitResult {
    const result = Atomics.wait(this.int32, index, expected, timeout === undefined ? Infinity : Math.max(0, timeout));
    return result === "ok" ? "woken" : result;
  }

  waitAsync(index: number, expected: number, options: WordWaitOptions = {}): Promise<WaitResult> {
    return this.#pending.wait(index, expected, options);
  }

  wake(index: number, count: number): void {
    Atomics.notify(this.int32, index, Atomics.load(this.int32, this.#outstanding) > 0 ? Infinity : count);
  }

  begin(index: number): void {
    this.#waiting.add(index);
    this.#listen(index);
  }

  end(index: number): void {
    this.#waiting.delete(index);
  }

  ref(): void {
    this.#keepAlive ??= setInterval(() => {}, longestDelay);
  }

  unref(): void {
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
  }

  #listen(index: number): void {
    if (this.#listening.has(index)) return;
    Atomics.add(this.int32, this.#outstanding, 1);
    const wait = Atomics.waitAsync(this.int32, index, Atomics.load(this.int32, index), listenMs);
    if (!wait.async) {
      Atomics.sub(this.int32, this.#outstanding, 1);
      // It changed between the two looks: whoever waits here sees that when it looks at the word itself.
      queueMicrotask(() => this.#heard(index));
      return;
    }
    this.#listening.add(index);
    void wait.value.then(() => {
      Atomics.sub(this.int32, this.#outstanding, 1);
      this.#listening.delete(index);
      this.#heard(index);
    });
  }

  #heard(index: number): void {
    this.#pending.wake(index, 1);
    if (!this.#waiting.has(index)) return;
    this.#listen(index);
    // What changed before that was announced to nobody here.
    this.#pending.wake(index, 0);
  }
}
