/**
 * Who waits for a condition, and which of them were notified, in shared memory.
 *
 *     words 0-3    desk: held for a few instructions around every change of what follows        mutex.ts
 *     word  4      how many entries were ever used
 *     word  5      which entry is looked at first for the next notification
 *     words 16..   entries of two words, one a thread that waits:
 *                     0  id of the thread
 *                     1  notified : 16 | waiting : 16     0: not in use; the thread sleeps on this word
 *
 * `waiting` counts the waits of a thread that have not ended, `notified` those of them that were chosen and have not left.
 *
 *  1. Every change of an entry is a single store of its second word, by whoever holds the desk. So a process killed there
 *     leaves every entry right, and the next one at the desk has nothing to mend.
 *  2. A notifier raises `notified` of an entry, then wakes its thread. Killed between the two: the thread looks every `attendMs`.
 *  3. A wait that ends lowers both counts at once when it was notified, `waiting` alone when it was not. One that is aborted
 *     after it was notified hands the notification on to another.
 *  4. A thread that is killed leaves its entry. What is `notified` in it goes to others that wait: every waiter looks for such
 *     an entry after `attendMs`, and whoever is about to wait looks before, so that it cannot get what was meant for those
 *     who waited before it. An entry whose thread is gone and that nobody notified is freed when entries run short, or when
 *     a notification was lost to it.
 */
import { ResourceLimitError } from "../errors.js";
import type { Block } from "../memory/block.js";
import type { Holders } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import { Mutex } from "../memory/mutex.js";

const deskAt = 0;
const usedAt = 4;
const nextAt = 5;
const entriesAt = 16;

/** How many threads can wait for one condition at a time; they and the header fill 4 KiB. */
const maxEntries = 504;
/** How many waits of one thread. */
const maxWaits = 0x7fff;

const notifiedUnit = 0x1_0000;

/** The bytes of shared memory that this needs. */
export const waitersBytes = (entriesAt + 2 * maxEntries) * 4;

/** What a thread may sleep on: the word, and its value when there was nothing for it. */
export interface Sleep {
  readonly index: number;
  readonly expected: number;
}

export class Waiters {
  readonly #block: Block;
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #desk: Mutex;
  readonly #holders: Holders;
  #own: number | undefined;

  constructor(block: Block, holders: Holders) {
    this.#block = block;
    this.#int32 = block.words.int32;
    this.#at = block.at;
    this.#desk = new Mutex(block.words, block.at + deskAt, holders);
    this.#holders = holders;
  }

  /** One more wait of this thread. @throws ResourceLimitError when there are too many. */
  join(): void {
    this.rescue();
    this.#atDesk(() => {
      const entry = this.#ownEntry();
      if (waitingIn(this.#load(entry)) >= maxWaits) {
        throw new ResourceLimitError(`Cannot wait for a condition: ${maxWaits} tasks of this thread do already, and that is the limit.`);
      }
      this.#store(entry, this.#load(entry) + 1);
    });
  }

  /** Ends a wait if a notification is there for it; else says where to sleep. */
  leaveIfNotified(): Sleep | undefined {
    return this.#atDesk(() => {
      const entry = this.#ownEntry();
      const seen = this.#load(entry);
      if (notifiedIn(seen) === 0) return { index: entry + 1, expected: seen };
      this.#store(entry, seen - notifiedUnit - 1);
      return undefined;
    });
  }

  /** Ends a wait in any case; whether it was notified, which it is when all that are left are. */
  leave(): boolean {
    return this.#atDesk(() => {
      const entry = this.#ownEntry();
      const seen = this.#load(entry);
      const wasNotified = notifiedIn(seen) === waitingIn(seen);
      this.#store(entry, seen - 1 - (wasNotified ? notifiedUnit : 0));
      return wasNotified;
    });
  }

  /** Notifies up to `count` waits; one thread after the other. */
  notify(count: number): void {
    const chosen = this.#atDesk(() => this.#choose(count));
    killPoint("waiters.notified");
    this.#wake(chosen);
  }

  /** Hands on what was notified to the dead. */
  rescue(): void {
    if (this.#notifiedDead().length === 0) return;
    const heirs = this.#atDesk(() => {
      const dead = this.#notifiedDead();
      const lost = dead.reduce((sum, entry) => sum + notifiedIn(this.#load(entry)), 0);
      for (const entry of dead) this.#store(entry, notifiedIn(this.#load(entry)) * (notifiedUnit + 1));
      // Given before it is taken: a rescuer that is killed between the two has it given twice, and not lost.
      const chosen = this.#choose(lost);
      killPoint("waiters.rescued");
      for (const entry of dead) this.#store(entry, 0);
      return chosen;
    });
    this.#wake(heirs);
  }

  /** The entries of threads that are gone and have been notified. */
  #notifiedDead(): number[] {
    return this.#find((seen, id) => notifiedIn(seen) > 0 && this.#holders.isGone(id));
  }

  /** Marks up to `count` waits as notified; returns their entries. */
  #choose(count: number): number[] {
    const chosen: number[] = [];
    const used = this.#header(usedAt);
    const first = this.#header(nextAt);
    let left = count;
    for (let i = 0; i < used && left > 0; i++) {
      const number = (first + i) % used;
      const entry = this.#at + entriesAt + 2 * number;
      const seen = this.#load(entry);
      const given = Math.min(left, waitingIn(seen) - notifiedIn(seen));
      if (given <= 0) continue;
      this.#store(entry, seen + given * notifiedUnit);
      killPoint("waiters.chosen");
      Atomics.store(this.#int32, this.#at + nextAt, number + 1);
      chosen.push(entry);
      left -= given;
    }
    return chosen;
  }

  #wake(entries: readonly number[]): void {
    for (const entry of entries) this.#block.words.wake(entry + 1, 1);
  }

  /** This thread's entry: the one it has, or one that is not in use, or that of somebody dead. */
  #ownEntry(): number {
    const { self } = this.#holders;
    if (this.#own !== undefined && this.#idOf(this.#own) === self) return this.#own;
    const entry = this.#find((seen) => seen === 0)[0] ?? this.#another() ?? this.#find((_seen, id) => this.#holders.isGone(id))[0];
    if (entry === undefined)
      throw new ResourceLimitError(`Cannot wait for a condition: ${maxEntries} threads do already, and that is the limit.`);
    this.#store(entry, 0);
    Atomics.store(this.#int32, entry, self);
    this.#own = entry;
    return entry;
  }

  /** An entry that was never used. */
  #another(): number | undefined {
    const used = this.#header(usedAt);
    if (used === maxEntries) return undefined;
    Atomics.store(this.#int32, this.#at + usedAt, used + 1);
    return this.#at + entriesAt + 2 * used;
  }

  #find(isWanted: (seen: number, id: number) => boolean): number[] {
    const found: number[] = [];
    const first = this.#at + entriesAt;
    for (let entry = first; entry < first + 2 * this.#header(usedAt); entry += 2) {
      if (isWanted(this.#load(entry), this.#idOf(entry))) found.push(entry);
    }
    return found;
  }

  #atDesk<R>(act: () => R): R {
    this.#desk.acquireSync(undefined);
    try {
      return act();
    } finally {
      this.#desk.release();
    }
  }

  #header(word: number): number {
    return Atomics.load(this.#int32, this.#at + word);
  }

  #idOf(entry: number): number {
    return Atomics.load(this.#int32, entry);
  }

  #load(entry: number): number {
    return Atomics.load(this.#int32, entry + 1);
  }

  #store(entry: number, counts: number): void {
    Atomics.store(this.#int32, entry + 1, counts);
  }
}

function waitingIn(counts: number): number {
  return counts & 0xffff;
}

function notifiedIn(counts: number): number {
  return counts >>> 16;
}
