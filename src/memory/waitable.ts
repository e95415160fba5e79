/**
 * Words of shared memory that one can wait on: the ground every primitive stands on.
 *
 * A word is an aligned 32-bit integer that several processes or threads see. Read and change it with `Atomics` on
 * `words.int32`; wait for a change and announce one with the three calls here. Two implementations keep one contract
 * (`test/conformance/waitable`):
 *
 *  - `MappedWords`: memory mapped from a file; futex for blocking waits, a doorbell for asynchronous ones. Between processes and threads.
 *  - `SharedWords`: a `SharedArrayBuffer`; `Atomics.wait`, `notify` and `waitAsync`. Between threads, on every platform.
 *
 * Rules of use:
 *  1. Change the word first, then call `wake`. A waiter that registered before the change is woken, one that comes after sees it.
 *  2. Waits are about a value: they end when the word is not `expected` any more, when woken, or in time. A wait may end
 *     early for no reason ("woken"): always look again, in a loop.
 *  3. `wake(index, n)` wakes at least `n` waiters if there are so many, sometimes more.
 *  4. `wake` is a system call even if nobody waits. Keep a flag or count in the word (or beside it), set it before
 *     waiting, and call `wake` only when it is set: then an uncontended path costs no system call.
 *  5. Whoever is woken may be killed before it acts, and whoever changed the word may be killed before `wake`. So where
 *     peers can die, wait in slices (`attendMs` in `../sync/attend.ts`) and look at the word after each.
 */
import type { WaitResult } from "../platform/native.js";

export type { WaitResult };

/** How long to wait, and what cuts the wait short. */
export interface WaitOptions {
  /** At most this many milliseconds; no limit by default. Zero or less looks once. */
  readonly timeout?: number | undefined;
  /** Rejects the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The same for a word. */
export interface WordWaitOptions extends WaitOptions {
  /** Whether the wait leaves the event loop free to end: the caller keeps it alive by other means, if at all. */
  readonly isBackground?: boolean | undefined;
}

export interface Words {
  /** The memory. Indices in the calls below count its elements. */
  readonly int32: Int32Array;
  /**
   * Blocks the thread until the word at `index` is not `expected`, or somebody wakes it, or `timeout` milliseconds have
   * passed (`undefined`: no limit). Never spins.
   */
  wait(index: number, expected: number, timeout?: number): WaitResult;
  /**
   * Resolves when the word at `index` is not `expected`, or somebody wakes it, or the time is over. Never blocks the
   * event loop, and keeps it alive while it is pending, unless in the background.
   *
   * @throws the signal's reason, when it is aborted.
   */
  waitAsync(index: number, expected: number, options?: WordWaitOptions): Promise<WaitResult>;
  /** Wakes at least `count` of those that wait on the word, blocking or not, wherever they are; all for `Infinity`. */
  wake(index: number, count: number): void;
}
