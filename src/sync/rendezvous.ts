/**
 * The rounds of a barrier in shared memory.
 *
 *     words 0-3    desk: held for a few instructions around every change of what follows                mutex.ts
 *     word  4      round: from 1, one more whenever a round ends, well or badly; all parties sleep on it
 *     word  5      state: 0 filling · 1 acting (all have arrived, the last one runs the action) · 2 broken
 *     word  6      how many have arrived in this round
 *     word  7      how many it takes                                                                     maker
 *     words 8-9    the default timeout in milliseconds, a float64; infinite when there is none            maker
 *     word  10     how many rounds ended badly
 *     word  11     1 when the other row below holds the parties of the last round
 *     words 16-31  the rounds that ended badly, the last 16 of them
 *     words 32..   two rows of ids, one for even rounds, one for odd: who arrived, in order
 *
 *     filling ──all are there──▶ acting ──the action returned──▶ filling, next round: all have passed
 *        │  ◀── reset ──┐          │
 *        └── timeout, abort, death, reset ──▶ broken (after reset: filling), next round: all get BrokenBarrierError
 *
 *  1. Everything is changed by whoever holds the desk, in a few stores. A process killed there was a party: the next one at the
 *     desk finds it abandoned and breaks the barrier, whatever the words were. `#break` is right from any state.
 *  2. A party sleeps while `round` is its own. When it is not, the round is over: badly if words 16-31 list it, else well.
 *     They are written before `round`. Whoever slept through 16 bad rounds is told that its own was bad.
 *  3. `round` changes, then everybody is woken. Killed between the two: the desk is free or abandoned, and the parties look
 *     every `attendMs`.
 *  4. A party killed after it arrived: every party looks, each `attendMs`, whether the one that arrived after it (the first,
 *     for the last) is gone, and breaks the barrier if so. That costs one look however many parties there are, and of any
 *     number of dead one stands behind somebody alive. So the last one, which runs the action, is watched, too.
 *  5. A party killed between two rounds: who waits looks, each `attendMs`, whether a few of those of the last round were killed,
 *     and breaks the barrier if so. One that ended by itself (registry.ts knows) may be replaced by another.
 */
import { BrokenBarrierError } from "../errors.js";
import { Block } from "../memory/block.js";
import { holders, type Holders } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import { Mutex } from "../memory/mutex.js";

const deskAt = 0;
const roundAt = 4;
const stateAt = 5;
const arrivedAt = 6;
const partiesAt = 7;
const timeoutAt = 8;
const badCountAt = 10;
const hasLastAt = 11;
const badRoundsFrom = 16;
const rowsAt = 32;

const keptBadRounds = 16;
/** Of how many parties of the last round a waiting party looks whether they are gone, each time; 15 microseconds each. */
const looksAtLast = 8;

const state = { filling: 0, acting: 1, broken: 2 } as const;

/** The most parties a barrier can have. */
export const maxParties = 0xffff;

/** A party that has arrived, in a round. */
export interface Arrival {
  /** False when the round was full: the next one begins when its action has run. */
  readonly hasPlace: boolean;
  /** Whether it is to run the action, and then `pass`. */
  readonly isToAct: boolean;
  readonly round: number;
  /** 0 for the first that arrived, parties - 1 for the last. */
  readonly index: number;
  /** How many rounds had ended badly before. */
  readonly badCount: number;
}

/** How a round ended for a party: `undefined` while it has not. */
export type RoundEnd = "passed" | "broken" | undefined;

export class Rendezvous {
  readonly block: Block;
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #desk: Mutex;
  readonly #holders: Holders;
  #nextLook = 0;
  #hasEnded = false;

  constructor(block: Block) {
    this.block = block;
    this.#int32 = block.words.int32;
    this.#at = block.at;
    this.#holders = holders();
    this.#desk = new Mutex(block.words, block.at + deskAt, this.#holders);
  }

  static allocate(parties: number, timeout: number): Rendezvous {
    const block = Block.allocate((rowsAt + 2 * parties) * 4);
    const { int32 } = block.words;
    int32[block.at + partiesAt] = parties;
    int32[block.at + roundAt] = 1;
    int32.set(new Int32Array(new Float64Array([timeout]).buffer), block.at + timeoutAt);
    return new Rendezvous(block);
  }

  get parties(): number {
    return this.#load(partiesAt);
  }

  /** The default timeout in milliseconds, `Infinity` without one. */
  get timeout(): number {
    return new Float64Array(this.#int32.slice(this.#at + timeoutAt, this.#at + timeoutAt + 2).buffer)[0] ?? Infinity;
  }

  /** How many wait for the others. */
  get waiting(): number {
    return this.#load(stateAt) === state.filling && !this.#hasDeadParty() ? this.#load(arrivedAt) : 0;
  }

  /** Whether it is broken, or breaks as soon as somebody waits, since a party has died that had arrived. */
  get isBroken(): boolean {
    return this.#isBroken || this.#hasDeadParty();
  }

  get round(): number {
    return this.#load(roundAt);
  }

  /** The index of the word on which to sleep until the round is over. */
  get sleepIndex(): number {
    return this.#at + roundAt;
  }

  /**
   * Takes a place in this round. Without an action, all pass when the last has arrived.
   *
   * @throws BrokenBarrierError when the barrier is broken.
   */
  arrive({ isWithAction }: { readonly isWithAction: boolean }): Arrival {
    return this.#atDesk(() => {
      const { round, parties } = this;
      const badCount = this.#load(badCountAt);
      if (this.#isBroken) throw brokenBarrier();
      if (this.#load(stateAt) === state.acting) return { hasPlace: false, isToAct: false, round, index: parties - 2, badCount };
      const index = this.#load(arrivedAt);
      const isLast = index === parties - 1;
      this.#store(rowOf(round, parties) + index, this.#holders.self);
      killPoint("rendezvous.arriving");
      this.#store(arrivedAt, index + 1);
      if (isLast) this.#store(stateAt, state.acting);
      if (isLast && !isWithAction) this.#pass();
      return { hasPlace: true, isToAct: isLast && isWithAction, round, index, badCount };
    });
  }

  /** Lets all parties pass, after the action; false when the round has ended badly meanwhile. */
  pass({ round }: Arrival): boolean {
    return this.#atDesk(() => {
      if (this.round !== round) return false;
      this.#pass();
      return true;
    });
  }

  /** How the round of an arrival ended. */
  endOf({ round, badCount }: Arrival): RoundEnd {
    if (this.round === round) return undefined;
    if (((this.#load(badCountAt) - badCount) | 0) >= keptBadRounds) return "broken";
    for (let i = 0; i < keptBadRounds; i++) if (this.#load(badRoundsFrom + i) === round) return "broken";
    return "passed";
  }

  /**
   * Ends the round badly, if it is still that of the arrival; `isFull`: even if all have arrived, so that only the action
   * is waited for. Says whether the round is over.
   */
  giveUp({ round }: Arrival, { isFull }: { readonly isFull: boolean }): boolean {
    return this.#atDesk(() => {
      if (this.round === round && (isFull || this.#load(stateAt) === state.filling)) this.#break(state.broken);
      return this.round !== round;
    });
  }

  abort(): void {
    this.#atDesk(() => {
      if (!this.#isBroken) this.#break(state.broken);
    });
  }

  reset(): void {
    this.#atDesk(() => {
      if (!this.#isBroken && this.#load(arrivedAt) > 0) return this.#break(state.filling);
      this.#store(hasLastAt, 0);
      this.#store(stateAt, state.filling);
    });
  }

  /** Breaks the barrier if a party was killed; what whoever waits does every `attendMs`. */
  attend(arrival: Arrival): void {
    const taken = this.#desk.tryAcquire();
    if (taken !== undefined) this.#leaveDesk(taken);
    if (this.round !== arrival.round) return;
    if (this.#isNextGone(arrival) || this.#isOneOfLastKilled(arrival)) this.giveUp(arrival, { isFull: true });
  }

  /** Whether the party that arrived after this one, or the first after the last, is gone. */
  #isNextGone({ round, index }: Arrival): boolean {
    const arrived = this.#load(arrivedAt);
    const next = index + 1 < arrived ? index + 1 : 0;
    return this.#holders.isGone(this.#load(rowOf(round, this.parties) + next));
  }

  #isOneOfLastKilled({ round }: Arrival): boolean {
    if (this.#load(hasLastAt) === 0) return false;
    const { parties } = this;
    const row = rowOf(round - 1, parties);
    for (let looks = Math.min(looksAtLast, parties); looks > 0; looks--) {
      this.#nextLook = (this.#nextLook + 1) % parties;
      if (this.#holders.wasKilled(this.#load(row + this.#nextLook))) return true;
    }
    return false;
  }

  get #isBroken(): boolean {
    return this.#load(stateAt) === state.broken;
  }

  #hasDeadParty(): boolean {
    const row = rowOf(this.round, this.parties);
    for (let index = this.#load(arrivedAt) - 1; index >= 0; index--) if (this.#holders.isGone(this.#load(row + index))) return true;
    return false;
  }

  #pass(): void {
    this.#store(arrivedAt, 0);
    this.#store(hasLastAt, 1);
    this.#store(stateAt, state.filling);
    killPoint("rendezvous.passing");
    this.#nextRound();
  }

  #break(next: number): void {
    const badCount = this.#load(badCountAt);
    this.#store(badRoundsFrom + (badCount & (keptBadRounds - 1)), this.round);
    killPoint("rendezvous.breaking");
    this.#store(badCountAt, (badCount + 1) | 0);
    this.#store(hasLastAt, 0);
    this.#store(arrivedAt, 0);
    this.#store(stateAt, next);
    killPoint("rendezvous.broken");
    this.#nextRound();
  }

  #nextRound(): void {
    this.#store(roundAt, (this.round + 1) | 0);
    this.#hasEnded = true;
  }

  #atDesk<R>(act: () => R): R {
    const taken = this.#desk.acquireSync(undefined);
    try {
      if (taken === "abandoned") this.#break(state.broken);
      return act();
    } finally {
      this.#leaveDesk("acquired");
    }
  }

  #leaveDesk(taken: "acquired" | "abandoned"): void {
    if (taken === "abandoned") this.#break(state.broken);
    const hasEnded = this.#hasEnded;
    this.#hasEnded = false;
    this.#desk.release();
    killPoint("rendezvous.left");
    if (hasEnded) this.block.words.wake(this.sleepIndex, Infinity);
  }

  #load(word: number): number {
    return Atomics.load(this.#int32, this.#at + word);
  }

  #store(word: number, value: number): void {
    Atomics.store(this.#int32, this.#at + word, value);
  }
}

/** Where the row of a round starts. */
function rowOf(round: number, parties: number): number {
  return rowsAt + (round & 1) * parties;
}

export function brokenBarrier(): BrokenBarrierError {
  return new BrokenBarrierError(
    "Cannot wait at a barrier: it is broken, since a party died, timed out or aborted. Use reset() to begin anew.",
  );
}
