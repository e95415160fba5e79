/**
 * Which items are not done yet, in a queue that counts them: an account for each slot of the registry, four words each.
 *
 *     word 0    id of the participant whose account it is         that participant; 0: nobody's
 *     word 1    how many items it took, modulo 2^32               that participant, under the head lock
 *     word 2    how many of those are done, modulo 2^32           compare-exchange by whoever says so
 *     word 3    not used
 *
 * An item is unfinished from its put until it is done: puts - the sum of all words 2.
 *
 *  1. A taker moves the head (item-chain.ts), which names it, then raises word 1. Killed between the two: the next one with
 *     the head lock finds that fewer items have been taken than the head says, and raises it. Once, for the sum is then right.
 *     If it was the first item of that taker, its account may be another's, or nobody's, until then: 3 comes first.
 *  2. What a participant that is gone has taken and not done is lost with it, and counts as done: `settle` sets word 2 to
 *     word 1 in one exchange. So nobody waits for the dead.
 *  3. A new participant in the same slot settles the account before it writes its own id. The numbers go on.
 */
import { holders } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import { participantSlots } from "../memory/registry.js";

const accountWords = 4;
const takenAt = 1;
const doneAt = 2;

/** How many words of shared memory the accounts need. */
export const accountsWords = participantSlots * accountWords;

export class Accounts {
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #holders = holders();

  constructor(int32: Int32Array, at: number) {
    this.#int32 = int32;
    this.#at = at;
  }

  /** How many items were done, modulo 2^32. */
  get done(): number {
    let sum = 0;
    for (let account = this.#at; account < this.#end; account += accountWords) sum += Atomics.load(this.#int32, account + doneAt);
    return sum | 0;
  }

  /** Counts an item that this thread has taken; under the head lock. */
  take(): void {
    this.#takeFor(this.#holders.self);
  }

  /** Counts the last item for its taker, who was killed before it could; under the head lock. `taken`: how many were. */
  repair(taken: number, taker: number): void {
    let sum = 0;
    for (let account = this.#at; account < this.#end; account += accountWords) sum += Atomics.load(this.#int32, account + takenAt);
    if ((sum | 0) !== taken && taker !== 0) this.#takeFor(taker);
  }

  /** Says that an item is done: one that this thread took, else one that another did. False when all are. */
  finish(): boolean {
    if (this.#finishIn(this.#accountOf(this.#holders.self))) return true;
    for (let account = this.#at; account < this.#end; account += accountWords) if (this.#finishIn(account)) return true;
    return false;
  }

  /** Counts what the dead have taken as done. Whether there was anything. */
  settle(): boolean {
    let found = false;
    for (let account = this.#at; account < this.#end; account += accountWords) {
      const id = Atomics.load(this.#int32, account);
      if (id === 0 || this.#outstanding(account) === 0 || !this.#holders.isGone(id)) continue;
      found = true;
      this.#close(account);
    }
    return found;
  }

  get #end(): number {
    return this.#at + accountsWords;
  }

  #accountOf(id: number): number {
    return this.#at + (id & (participantSlots - 1)) * accountWords;
  }

  #outstanding(account: number): number {
    return (Atomics.load(this.#int32, account + takenAt) - Atomics.load(this.#int32, account + doneAt)) | 0;
  }

  #takeFor(taker: number): void {
    const account = this.#accountOf(taker);
    if (Atomics.load(this.#int32, account) !== taker) {
      this.#close(account);
      killPoint("accounts.closed");
      Atomics.store(this.#int32, account, taker);
    }
    killPoint("accounts.taking");
    Atomics.store(this.#int32, account + takenAt, (Atomics.load(this.#int32, account + takenAt) + 1) | 0);
  }

  #finishIn(account: number): boolean {
    for (;;) {
      const done = Atomics.load(this.#int32, account + doneAt);
      if (Atomics.load(this.#int32, account + takenAt) === done) return false;
      if (Atomics.compareExchange(this.#int32, account + doneAt, done, (done + 1) | 0) === done) return true;
    }
  }

  #close(account: number): void {
    for (;;) {
      const done = Atomics.load(this.#int32, account + doneAt);
      const taken = Atomics.load(this.#int32, account + takenAt);
      if (Atomics.compareExchange(this.#int32, account + doneAt, done, taken) === done) return;
    }
  }
}
