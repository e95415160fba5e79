/**
 * The wait table: which participants wait asynchronously on which words, so that a waker knows whose doorbell to ring.
 *
 *     128 buckets of 16 entries of 4 words, chosen by the word's place
 *        0  owner's participant id, 0 when free      compare-exchange 0 -> id by the owner; stored 0 by the owner, or by `forget`
 *        1  serial number of the word's segment, -1 while it is not set    owner
 *        2  the word's index in the segment                                owner
 *        3  1 when the owner was rung for it since it last looked          stored 1 by wakers, 0 by the owner
 *     128 words: how many waits of a bucket found no entry                 add by their owners
 *
 *  1. An owner registers before it looks at the word; a waker changes the word before it looks here. Both are sequentially
 *     consistent, so either the owner sees the change or the waker sees the entry.
 *  2. The owner stores 0 to `rung` before it looks at the word again.
 *  3. `rung` only says whom to prefer. If all are rung the first are rung again: a waker killed after it set `rung` and
 *     before it wrote the byte takes nobody's wake-up with it for good.
 *  4. Owner killed before it wrote the place: the entry has -1 or nothing and matches no word. Killed later: wakers skip it,
 *     since its slot's generation has passed, or ring a doorbell nobody hears; `forget` frees it when the slot is reaped.
 *  5. A bucket whose overflow is not 0 makes wakers ring everybody: more wake-ups than need be, never fewer. An owner that is
 *     killed leaves the overflow as it is.
 */

const buckets = 128;
const entriesPerBucket = 16;
const entryWords = 4;
const none = -1;

export class WaitTable {
  readonly #int32: Int32Array;
  readonly #at: number;
  #start = 0;

  /** `at` is the first word of the table in `int32`. */
  constructor(int32: Int32Array, at: number) {
    this.#int32 = int32;
    this.#at = at;
  }

  /** Registers a wait; returns a ticket for `unregister` and `takeRung`. */
  register(owner: number, serial: number, index: number): number {
    const bucket = bucketOf(serial, index);
    const first = this.#at + bucket * entriesPerBucket * entryWords;
    for (let entry = first; entry < first + entriesPerBucket * entryWords; entry += entryWords) {
      if (Atomics.compareExchange(this.#int32, entry, 0, owner) !== 0) continue;
      Atomics.store(this.#int32, entry + 3, 0);
      Atomics.store(this.#int32, entry + 2, index);
      Atomics.store(this.#int32, entry + 1, serial);
      return entry;
    }
    Atomics.add(this.#int32, this.#overflow(bucket), 1);
    return -1 - bucket;
  }

  unregister(ticket: number): void {
    if (ticket < 0) Atomics.sub(this.#int32, this.#overflow(-1 - ticket), 1);
    else this.#release(ticket);
  }

  /** Whether the owner was rung for this wait since the last call. A wait that overflowed must always look. */
  takeRung(ticket: number): boolean {
    return ticket < 0 || Atomics.exchange(this.#int32, ticket + 3, 0) === 1;
  }

  /**
   * Picks whom to ring for a word: `count` owners, those not rung yet first. `isListed` says whether an owner's slot is
   * still its own. `"everybody"` when the table cannot tell.
   */
  pick(serial: number, index: number, count: number, isListed: (owner: number) => boolean): readonly number[] | "everybody" {
    const bucket = bucketOf(serial, index);
    if (Atomics.load(this.#int32, this.#overflow(bucket)) > 0) {
      this.#markAll(bucket, serial, index);
      return "everybody";
    }
    const fresh: number[] = [];
    const rung: number[] = [];
    const first = this.#at + bucket * entriesPerBucket * entryWords;
    // Another start every time, or the first entry would be served before all others.
    this.#start = (this.#start + 1) % entriesPerBucket;
    for (let i = 0; i < entriesPerBucket; i++) {
      const entry = first + ((this.#start + i) % entriesPerBucket) * entryWords;
      const owner = Atomics.load(this.#int32, entry);
      if (owner === 0 || !this.#matches(entry, serial, index) || !isListed(owner)) continue;
      (Atomics.load(this.#int32, entry + 3) === 1 ? rung : fresh).push(entry);
      if (fresh.length >= count) break;
    }
    const chosen = [...fresh, ...rung].slice(0, count === Infinity ? undefined : count);
    const owners: number[] = [];
    for (const entry of chosen) {
      const owner = Atomics.load(this.#int32, entry);
      Atomics.store(this.#int32, entry + 3, 1);
      if (owner !== 0) owners.push(owner);
    }
    return owners;
  }

  /** Frees every entry of a participant that is gone. */
  forget(owner: number): void {
    for (let entry = this.#at; entry < this.#at + buckets * entriesPerBucket * entryWords; entry += entryWords) {
      if (Atomics.load(this.#int32, entry) === owner) this.#release(entry);
    }
  }

  #markAll(bucket: number, serial: number, index: number): void {
    const first = this.#at + bucket * entriesPerBucket * entryWords;
    for (let entry = first; entry < first + entriesPerBucket * entryWords; entry += entryWords) {
      if (this.#matches(entry, serial, index)) Atomics.store(this.#int32, entry + 3, 1);
    }
  }

  #matches(entry: number, serial: number, index: number): boolean {
    return Atomics.load(this.#int32, entry + 1) === serial && Atomics.load(this.#int32, entry + 2) === index;
  }

  #release(entry: number): void {
    Atomics.store(this.#int32, entry + 1, none);
    Atomics.store(this.#int32, entry, 0);
  }

  #overflow(bucket: number): number {
    return this.#at + buckets * entriesPerBucket * entryWords + bucket;
  }
}

function bucketOf(serial: number, index: number): number {
  const mixed = Math.imul(serial ^ Math.imul(index, 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) & (buckets - 1);
}
