/**
 * The permits of a semaphore in shared memory, which a dead holder does not keep.
 *
 *     words 0-3    gate: whoever waits for a permit holds it, so one waits at a time             mutex.ts
 *     words 4-7    desk: held for a few instructions around every change of what follows       mutex.ts
 *     word  8      initial: with how many permits the semaphore began                           maker
 *     word  9      1 when it may never have more                                                maker
 *     word  10     total: permits there are, free or taken; never less than `initial`
 *     word  11     free: total minus what is in the accounts
 *     word  12     turnstile: how often a permit came back while somebody slept; the waiter sleeps on it
 *     word  13     1 when the waiter sleeps or is about to
 *     word  14     id of the waiter that has waited long: newcomers leave free permits to it      holder of the gate
 *     word  15     how many permits of the dead came back of which nobody was told yet
 *     words 16..   accounts of two words: id of a holder, how many permits it has taken; 0 permits: not in use
 *
 * Words 10-13, 15 and the accounts are changed by whoever holds the desk, with plain stores: taking and leaving the desk orders
 * them for the next one there, and a process that is killed has made those before the instruction it was killed at, and no others.
 *
 *  1. A permit that is taken stands in the account of whoever took it. Who gives one back pays into its own account; when
 *     that is empty, into any other, for permits are alike; when all are empty the semaphore has one more than it began with.
 *  2. Permits beyond `initial` are signals ("one more item is there"): who takes one uses it up, `total` falls, and nothing
 *     is owed. So total > initial only while all accounts are empty, and `initial` accounts are always enough.
 *  3. `free` can be computed from `total` and the accounts, each of which changes by a single store. A process killed between
 *     that store and the one to `free` abandons the desk, and the next one there computes `free` again.
 *  4. A holder that is killed: the waiter at the gate looks every `attendMs`, finds an account whose owner is gone and
 *     empties it, which frees its permits. As many as there were, whoever takes one next is told; word 15 is written before the
 *     account, so that a process killed between the two has one more of them told, and none fewer.
 *  5. A waiter that is killed abandons the gate (mutex.ts), and the next one takes its place. Killed after it was woken, or
 *     a releaser killed before the wake: the permit is free, and the waiter at the gate looks every `attendMs`.
 *  6. Newcomers may take a free permit past the waiter, which is what makes a semaphore fast; but when that one has waited for
 *     `starvingMs` they go to the gate, too, where nobody is passed by for ever (mutex.ts). A starving id that is gone counts as none.
 *  7. The waiter at the gate may live and not go on: its process is stopped, or its event loop is busy. A permit that was left to it
 *     for `leftForMs` is anybody's, also of those who wait for the gate: they look every `attendMs`, after the dead as well. No time
 *     is shared: whoever looks has noted when it first saw this waiter at this number of the turnstile.
 */
import { ResourceLimitError, StateError } from "../errors.js";
import { Block } from "../memory/block.js";
import type { Deadline } from "../memory/deadline.js";
import { attendMs, holders, type Holders } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import { Mutex, type Acquisition } from "../memory/mutex.js";

const gateAt = 0;
const deskAt = 4;
const initialAt = 8;
const boundedAt = 9;
const totalAt = 10;
const freeAt = 11;
const turnstileAt = 12;
const sleepsAt = 13;
const starvingAt = 14;
const untoldAt = 15;
const accountsAt = 16;

/** As many as there can be participants: more accounts than that are never in use. */
const maxAccounts = 512;
/** After this long a waiter is starving; a few context switches. */
const starvingMs = 5;
/** For so long a free permit is left to a waiter that is starving: as long as a lock is (0014). */
const leftForMs = 50;

/** The most permits a semaphore can have. */
export const maxPermits = 0x7fff_ffff;

export class Permits {
  readonly block: Block;
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #gate: Mutex;
  readonly #desk: Mutex;
  readonly #holders: Holders;
  readonly #initial: number;
  readonly #accounts: number;
  /** Where this thread's account was the last time. */
  #own: number;
  /** Asynchronous waits of this thread. */
  #waitsHere = 0;
  #nextCheck = 0;
  /** The waiter that free permits were last seen left to, at which number of the turnstile, and since when. */
  readonly #left = { to: 0, turnstile: 0, since: 0 };

  constructor(block: Block) {
    this.block = block;
    this.#int32 = block.words.int32;
    this.#at = block.at;
    this.#holders = holders();
    this.#gate = new Mutex(block.words, block.at + gateAt, this.#holders);
    this.#desk = new Mutex(block.words, block.at + deskAt, this.#holders);
    this.#initial = this.#load(initialAt);
    this.#accounts = Math.min(this.#initial, maxAccounts);
    this.#own = block.at + accountsAt;
  }

  /** `isBounded`: giving back more than were taken is an error. */
  static allocate(value: number, options: { readonly isBounded: boolean }): Permits {
    const block = Block.allocate((accountsAt + 2 * Math.min(value, maxAccounts)) * 4);
    const { int32 } = block.words;
    int32[block.at + initialAt] = value;
    int32[block.at + boundedAt] = options.isBounded ? 1 : 0;
    int32[block.at + totalAt] = value;
    int32[block.at + freeAt] = value;
    return new Permits(block);
  }

  /** How many are free, or come back as soon as somebody wants one, since their holders are dead. */
  get free(): number {
    const lost = this.#deadAccounts().reduce((sum, account) => sum + Atomics.load(this.#int32, account + 1), 0);
    return Math.max(0, this.#load(freeAt) + lost);
  }

  /** Takes a permit if one is free and no other wait of this thread is before. */
  takeFree(): Acquisition {
    return this.#waitsHere === 0 ? this.#take("newcomer") : undefined;
  }

  tryAcquire(): Acquisition {
    const taken = this.#take("newcomer");
    if (taken !== undefined || performance.now() < this.#nextCheck) return taken;
    this.#nextCheck = performance.now() + attendMs;
    this.#recover();
    return this.#take("newcomer");
  }

  acquireSync(deadline: Deadline | undefined): Acquisition {
    const taken = this.#take("newcomer");
    if (taken !== undefined) return taken;
    // A wait of this thread that holds the gate cannot go on meanwhile: this one takes its place.
    if (this.#gate.isMine) return this.#waitSync(deadline);
    const late = this.#lateLook();
    if (this.#gate.acquireSync(deadline, late.look) === undefined) return late.taken;
    try {
      return this.#waitSync(deadline);
    } finally {
      this.#leaveGate();
    }
  }

  async acquire(deadline: Deadline, signal: AbortSignal | undefined): Promise<Acquisition> {
    this.#waitsHere++;
    try {
      const late = this.#lateLook();
      if ((await this.#gate.acquire(deadline, signal, late.look)) === undefined) return late.taken;
      try {
        return await this.#wait(deadline, signal);
      } finally {
        this.#leaveGate();
      }
    } finally {
      this.#waitsHere--;
    }
  }

  /** Gives a permit back. @throws StateError when there may not be one more. */
  release(): void {
    this.#enterDesk();
    const isAwaited = this.#read(sleepsAt) === 1;
    try {
      this.#giveBack();
      killPoint("permits.given-back");
      this.#write(freeAt, this.#read(freeAt) + 1);
      if (isAwaited) {
        this.#write(sleepsAt, 0);
        this.#write(turnstileAt, (this.#read(turnstileAt) + 1) | 0);
      }
    } finally {
      this.#desk.release();
    }
    killPoint("permits.released");
    if (isAwaited) this.block.words.wake(this.#at + turnstileAt, 1);
  }

  /** Takes a free permit; the one `"at-gate"` announces that it will sleep when there is none. */
  #take(who: "newcomer" | "at-gate"): Acquisition {
    if (who === "newcomer" && (this.#load(freeAt) <= 0 || this.#isReserved())) return undefined;
    this.#enterDesk();
    try {
      if (this.#read(freeAt) <= 0) {
        if (who === "at-gate") this.#write(sleepsAt, 1);
        return undefined;
      }
      const total = this.#read(totalAt);
      if (total > this.#initial) this.#write(totalAt, total - 1);
      else this.#addTo(this.#ownAccount(), 1);
      killPoint("permits.taken");
      // Read again: the account may have been a dead one's, whose permits came back.
      this.#write(freeAt, this.#read(freeAt) - 1);
      return this.#tell() ? "abandoned" : "acquired";
    } finally {
      this.#desk.release();
    }
  }

  /** Whether free permits are left to somebody who has waited long, lives, and may be about to take one. */
  #isReserved(): boolean {
    const starving = this.#load(starvingAt);
    // Should the same waiter starve again, its time begins anew.
    if (starving === 0) this.#left.to = 0;
    if (starving === 0 || this.#isLeftForLong(starving)) return false;
    if (performance.now() < this.#nextCheck) return true;
    this.#nextCheck = performance.now() + attendMs;
    if (!this.#holders.isGone(starving)) return true;
    Atomics.compareExchange(this.#int32, this.#at + starvingAt, starving, 0);
    return false;
  }

  /** Whether a permit that is free has been for a while. A waiter that goes on takes it, or sleeps until the turnstile turns. */
  #isLeftForLong(waiter: number): boolean {
    const turnstile = this.#load(turnstileAt);
    const now = performance.now();
    if (this.#left.to === waiter && this.#left.turnstile === turnstile) return now - this.#left.since > leftForMs;
    Object.assign(this.#left, { to: waiter, turnstile, since: now });
    return false;
  }

  /** What those who wait for the gate do now and then, since whoever holds it may be stopped. */
  #lateLook(): { readonly look: () => boolean; readonly taken: Acquisition } {
    let taken: Acquisition;
    return {
      look: () => (taken = this.tryAcquire()) !== undefined,
      get taken() {
        return taken;
      },
    };
  }

  #waitSync(deadline: Deadline | undefined): Acquisition {
    const turn = new Turn();
    for (;;) {
      const slice = Math.min(attendMs, deadline?.remaining ?? Infinity);
      const turnstile = this.#load(turnstileAt);
      const taken = this.#look(turn, slice);
      if (taken !== undefined || slice <= 0) return taken;
      killPoint("permits.sleeping");
      turn.isDue = this.block.words.wait(this.#at + turnstileAt, turnstile, slice) === "timed-out";
    }
  }

  async #wait(deadline: Deadline, signal: AbortSignal | undefined): Promise<Acquisition> {
    const turn = new Turn();
    for (;;) {
      const slice = Math.min(attendMs, deadline.remaining);
      const turnstile = this.#load(turnstileAt);
      const taken = this.#look(turn, slice);
      if (taken !== undefined || slice <= 0) return taken;
      killPoint("permits.sleeping");
      const ended = await this.block.words.waitAsync(this.#at + turnstileAt, turnstile, { timeout: slice, signal });
      turn.isDue = ended === "timed-out";
    }
  }

  /** One look of the waiter at the gate; the last one when no time is left. */
  #look(turn: Turn, timeLeft: number): Acquisition {
    if (turn.isDue || timeLeft <= 0) this.#recover();
    if (turn.isStarving) this.#store(starvingAt, this.#holders.self);
    return this.#take("at-gate");
  }

  #leaveGate(): void {
    this.#store(starvingAt, 0);
    killPoint("permits.leaving");
    this.#gate.release();
  }

  /** Whether whoever takes a permit now is to be told that holders have died. Only at the desk. */
  #tell(): boolean {
    const untold = this.#read(untoldAt);
    if (untold > 0) this.#write(untoldAt, untold - 1);
    return untold > 0;
  }

  /** Empties the accounts of the dead. */
  #recover(): void {
    const dead = this.#deadAccounts();
    if (dead.length === 0) return;
    this.#enterDesk();
    try {
      for (const account of dead) {
        if (this.#holders.isGone(Atomics.load(this.#int32, account))) this.#empty(account);
      }
      killPoint("permits.recovered");
      this.#recount();
    } finally {
      this.#desk.release();
    }
  }

  #giveBack(): void {
    const account = this.#read(freeAt) < this.#read(totalAt) ? this.#indebted() : undefined;
    if (account !== undefined) return this.#addTo(account, -1);
    if (this.#load(boundedAt) === 1) {
      throw new StateError(`Cannot release a bounded semaphore: all of its ${this.#initial} permits are free.`);
    }
    if (this.#read(totalAt) === maxPermits)
      throw new StateError(`Cannot release a semaphore: it has ${maxPermits} permits, the most there can be.`);
    this.#write(totalAt, this.#read(totalAt) + 1);
  }

  /** An account with permits in it: this thread's if possible. */
  #indebted(): number | undefined {
    const { self } = this.#holders;
    if (this.#int32[this.#own] === self && (this.#int32[this.#own + 1] ?? 0) > 0) return this.#own;
    let other: number | undefined;
    for (const account of this.#accountsInUse()) {
      if (this.#int32[account] === self) return account;
      other = account;
    }
    return other;
  }

  /** This thread's account: the one it has, or one that is not in use, or a dead one's. */
  #ownAccount(): number {
    const { self } = this.#holders;
    if (this.#int32[this.#own] === self) return this.#own;
    const account = this.#find((id) => id === self) ?? this.#find((_id, count) => count === 0) ?? this.#emptied();
    this.#int32[account] = self;
    this.#own = account;
    return account;
  }

  #find(isWanted: (id: number, count: number) => boolean): number | undefined {
    const first = this.#at + accountsAt;
    for (let account = first; account < first + 2 * this.#accounts; account += 2) {
      if (isWanted(Atomics.load(this.#int32, account), Atomics.load(this.#int32, account + 1))) return account;
    }
    return undefined;
  }

  /** The account of somebody dead, emptied. */
  #emptied(): number {
    const account = this.#find((id) => this.#holders.isGone(id));
    if (account === undefined)
      throw new ResourceLimitError(`Cannot acquire a semaphore: ${maxAccounts} processes and threads hold permits of it.`);
    this.#empty(account);
    this.#recount();
    return account;
  }

  /** Takes the permits back that somebody dead had. Only at the desk. */
  #empty(account: number): void {
    const lost = Atomics.load(this.#int32, account + 1);
    this.#write(untoldAt, Math.min(this.#read(untoldAt) + lost, maxPermits));
    killPoint("permits.counted");
    Atomics.store(this.#int32, account + 1, 0);
  }

  #deadAccounts(): number[] {
    return [...this.#accountsInUse()].filter((account) => this.#holders.isGone(Atomics.load(this.#int32, account)));
  }

  *#accountsInUse(): Generator<number> {
    const first = this.#at + accountsAt;
    for (let account = first; account < first + 2 * this.#accounts; account += 2) {
      if (Atomics.load(this.#int32, account + 1) > 0) yield account;
    }
  }

  #enterDesk(): void {
    if (!this.#desk.takeFree() && this.#desk.acquireSync(undefined) === "abandoned") this.#recount();
  }

  #recount(): void {
    let taken = 0;
    for (const account of this.#accountsInUse()) taken += Atomics.load(this.#int32, account + 1);
    this.#write(freeAt, this.#read(totalAt) - taken);
  }

  #addTo(account: number, count: number): void {
    this.#int32[account + 1] = (this.#int32[account + 1] ?? 0) + count;
  }

  #load(word: number): number {
    return Atomics.load(this.#int32, this.#at + word);
  }

  #store(word: number, value: number): void {
    Atomics.store(this.#int32, this.#at + word, value);
  }

  /** Only at the desk. */
  #read(word: number): number {
    return this.#int32[this.#at + word] ?? 0;
  }

  /** Only at the desk. */
  #write(word: number, value: number): void {
    this.#int32[this.#at + word] = value;
  }
}

/** How long the waiter at the gate has waited, and whether it is time to look after the dead. */
class Turn {
  readonly #since = performance.now();
  isDue = false;

  get isStarving(): boolean {
    return performance.now() - this.#since > starvingMs;
  }
}
