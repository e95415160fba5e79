/**
 * How a change is announced without a system call when nobody waits for it.
 *
 *     word 0    1 when somebody may be asleep       stored 1 by waiters, exchanged for 0 by whoever announces
 *     word 1    one more with every announcement    add; waiters sleep on it
 *
 *  1. A waiter stores 1, then looks for what it waits for, then sleeps. A change is made, then announced. So either the
 *     waiter sees the change, or the announcer sees the 1; and if the waiter is not asleep yet, word 1 is not what it saw.
 *  2. An announcement wakes one and takes the 1 away from all. The one that wakes stores it again before it looks, and
 *     announces if it leaves something for others: so one after the other wakes as long as there is something.
 *  3. Killed between the exchange and the wake, or woken and killed: the others look every `attendMs`.
 */
import { killPoint } from "../memory/kill-point.js";
import type { WaitOptions, Words } from "../memory/waitable.js";

export class Signal {
  readonly #words: Words;
  readonly #int32: Int32Array;
  readonly #at: number;

  constructor(words: Words, at: number) {
    this.#words = words;
    this.#int32 = words.int32;
    this.#at = at;
  }

  /** Whether somebody may be waiting. */
  get isAwaited(): boolean {
    return Atomics.load(this.#int32, this.#at) !== 0;
  }

  /** Wakes one waiter if there may be one; after the change that it waits for. */
  announce(): void {
    if (!this.isAwaited || Atomics.exchange(this.#int32, this.#at, 0) === 0) return;
    Atomics.add(this.#int32, this.#at + 1, 1);
    killPoint("signal.announced");
    this.#words.wake(this.#at + 1, 1);
  }

  /** Wakes everybody. */
  announceToAll(): void {
    Atomics.store(this.#int32, this.#at, 0);
    Atomics.add(this.#int32, this.#at + 1, 1);
    this.#words.wake(this.#at + 1, Infinity);
  }

  /** Says that somebody may fall asleep: call it, look for what you wait for, and sleep on what it returned. */
  prepare(): number {
    const seen = Atomics.load(this.#int32, this.#at + 1);
    if (!this.isAwaited) Atomics.store(this.#int32, this.#at, 1);
    return seen;
  }

  /** Blocks the thread until the next announcement, or for `timeout` milliseconds. */
  sleep(seen: number, timeout: number): void {
    killPoint("signal.sleeping");
    this.#words.wait(this.#at + 1, seen, timeout);
  }

  /** The same, without blocking the event loop. @throws the signal's reason, when it is aborted. */
  async sleepAsync(seen: number, options: WaitOptions): Promise<void> {
    await this.#words.waitAsync(this.#at + 1, seen, options);
  }
}
