/**
 * Items that were leased, until they are done or go back.
 *
 *     word 115       1 when items may have gone back               stored 1 after that; stored 0 before looking, under the head lock
 *     words 128..    224 entries of four words:
 *        0  holder's id; 0: free; -1: gone back, the next one that is taken             see below
 *        1  number of the extent the item is in; 0: the entry's own                     lessee, under the head lock
 *        2  gots (item-chain.ts) when it was leased                                     lessee, under the head lock
 *        3  reference to the consignment of what the item names, and 1; 0: it names nothing   lessee, under the head lock
 *
 *  1. To lease is to write the item to the entry's own extent, unless it is in one, then words 1 and 2, then the holder, then to
 *     move the head. Killed before that: the item is where it was, and an entry that names the present gots means nothing;
 *     the next one with the head lock frees it.
 *  2. To finish is to remove the extent, then to store 0. Killed between: whoever finds the dead frees the entry.
 *  3. To give back is one exchange of the holder for -1, by the holder, or by anybody when the holder is gone; then word 115
 *     says so. Killed between the two, or not giving back at all: consumers look for such entries now and then.
 *  4. What has gone back is taken or leased before all that is in the queue, under the head lock. Who leases it stores its
 *     id; who takes it takes its extent away, then stores 0. Killed between: whoever comes to take it next frees it.
 */
import { ResourceLimitError } from "../errors.js";
import { allocator } from "../memory/allocator.js";
import type { Block } from "../memory/block.js";
import { Cargo } from "../memory/cargo.js";
import type { ExtentReader, Extents } from "../memory/extents.js";
import { holders } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";

const hintAt = 115;
const entriesAt = 128;
const entryWords = 4;
const maxEntries = 224;
const free = 0;
const goneBack = -1;
/** The extents of entries; above all numbers that a queue gives away itself. */
const firstOwnExtent = 2 ** 32;

/** An item that is to be leased: in an extent, or as it is in a file. */
export type LeasedItem = ({ readonly extent: number } | { readonly parts: readonly Uint8Array[] }) & {
  /** The reference to the consignment of what it names. */
  readonly cargo: number | undefined;
};

/** An item that this thread has leased. */
export type Entry = number;

export class Leases {
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #extents: Extents;
  readonly #block: Block;
  readonly #holders = holders();

  /** `block`: the queue's, which begins with its header. */
  constructor(block: Block, extents: Extents) {
    this.#block = block;
    this.#int32 = block.words.int32;
    this.#at = block.at;
    this.#extents = extents;
  }

  /** How many items have gone back and wait. */
  get waiting(): number {
    return this.mayHaveReturned ? this.#count((holder) => holder === goneBack) : 0;
  }

  get mayHaveReturned(): boolean {
    return Atomics.load(this.#int32, this.#at + hintAt) === 1;
  }

  /** Leases an item: one that has an extent, or whose bytes are given; under the head lock. @throws ResourceLimitError */
  begin(gots: number, item: LeasedItem): Entry {
    const entry = this.#find((holder) => holder === free);
    if (entry === undefined) throw new ResourceLimitError(`Cannot lease an item: ${maxEntries} are leased, and that is the limit.`);
    if ("parts" in item) {
      this.#extents.remove(this.#ownExtent(entry));
      this.#extents.publish(this.#extents.draft(item.parts), this.#ownExtent(entry));
    }
    Atomics.store(this.#int32, entry + 1, "extent" in item ? item.extent : 0);
    Atomics.store(this.#int32, entry + 2, gots);
    Atomics.store(this.#int32, entry + 3, (item.cargo ?? -1) + 1);
    if (item.cargo !== undefined) allocator().consignments.lease(item.cargo, entry - this.#at);
    Atomics.store(this.#int32, entry, this.#holders.self);
    killPoint("leases.begun");
    return entry;
  }

  /** Leases what has gone back; under the head lock. */
  beginAgain(): Entry | undefined {
    for (let entry = this.#returned(); entry !== undefined; entry = this.#returned()) {
      Atomics.store(this.#int32, entry, this.#holders.self);
      if (this.#extents.has(this.#extentOf(entry))) return entry;
      this.#free(entry)?.release();
    }
    return undefined;
  }

  /** Takes what has gone back; under the head lock. `accept` looks at it first. */
  take(accept: ((reader: ExtentReader) => boolean) | undefined): ExtentReader | "refused" | undefined {
    for (let entry = this.#returned(); entry !== undefined; entry = this.#returned()) {
      const peeked = accept === undefined ? undefined : this.#extents.read(this.#extentOf(entry));
      if (peeked !== undefined && accept?.(peeked) === false) return "refused";
      const reader = this.#extents.take(this.#extentOf(entry));
      killPoint("leases.taken");
      const cargo = this.#free(entry);
      if (reader === undefined) cargo?.release();
      else reader.cargo = cargo;
      if (reader !== undefined) return reader;
    }
    return undefined;
  }

  /** The bytes of an item that this thread has leased. */
  read(entry: Entry): ExtentReader | undefined {
    return this.#extents.read(this.#extentOf(entry));
  }

  finish(entry: Entry): void {
    this.#extents.remove(this.#extentOf(entry));
    killPoint("leases.finished");
    this.#free(entry)?.release();
  }

  giveBack(entry: Entry): void {
    this.#giveBack(entry, this.#holders.self);
  }

  /** Whether there is an item that nobody has and nobody looks for: `settle` mends that. */
  get needSettling(): boolean {
    return !this.mayHaveReturned && this.#find((holder) => holder === goneBack || this.#isDead(holder)) !== undefined;
  }

  /** Gives back what the dead have leased, or have given back without saying so; under the head lock. */
  settle(): void {
    for (let entry = this.#first; entry < this.#end; entry += entryWords) {
      const holder = Atomics.load(this.#int32, entry);
      if (this.#isDead(holder)) this.#giveBackOrFree(entry, holder);
      else if (holder === goneBack) Atomics.store(this.#int32, this.#at + hintAt, 1);
    }
  }

  /** Frees the entry of somebody who was killed before it moved the head; under the head lock. */
  repair(gots: number): void {
    for (let entry = this.#first; entry < this.#end; entry += entryWords) {
      const holder = Atomics.load(this.#int32, entry);
      if (holder > 0 && Atomics.load(this.#int32, entry + 2) === gots && this.#isDead(holder)) Atomics.store(this.#int32, entry, free);
    }
  }

  /** Removes what has gone back. */
  clear(): void {
    for (let entry = this.#returned(); entry !== undefined; entry = this.#returned()) this.finish(entry);
  }

  /** For the dead: what they had finished is no item any more, and not to be counted as one. */
  #giveBackOrFree(entry: Entry, holder: number): void {
    if (this.#extents.has(this.#extentOf(entry))) this.#giveBack(entry, holder);
    else this.#free(entry)?.release();
  }

  /** Frees an entry, and takes hold of what its item names. */
  #free(entry: Entry): Cargo | undefined {
    const number = Atomics.load(this.#int32, entry + 2);
    const cargo = Atomics.load(this.#int32, entry + 3);
    const claimed = cargo === 0 ? undefined : Cargo.claim(cargo - 1, { carrier: this.#block.location, number });
    Atomics.store(this.#int32, entry, free);
    claimed?.unload();
    return claimed;
  }

  get #first(): number {
    return this.#at + entriesAt;
  }

  get #end(): number {
    return this.#first + maxEntries * entryWords;
  }

  #giveBack(entry: Entry, holder: number): void {
    if (Atomics.compareExchange(this.#int32, entry, holder, goneBack) !== holder) return;
    killPoint("leases.returned");
    Atomics.store(this.#int32, this.#at + hintAt, 1);
  }

  /** An entry that has gone back; only under the head lock. */
  #returned(): Entry | undefined {
    if (!this.mayHaveReturned) return undefined;
    // Before the look, so that what comes back meanwhile is not overlooked.
    Atomics.store(this.#int32, this.#at + hintAt, 0);
    const entry = this.#find((holder) => holder === goneBack);
    if (entry !== undefined) Atomics.store(this.#int32, this.#at + hintAt, 1);
    return entry;
  }

  #isDead(holder: number): boolean {
    return holder > 0 && this.#holders.isGone(holder);
  }

  #extentOf(entry: Entry): number {
    return Atomics.load(this.#int32, entry + 1) || this.#ownExtent(entry);
  }

  #ownExtent(entry: Entry): number {
    return firstOwnExtent + (entry - this.#first) / entryWords;
  }

  #find(isWanted: (holder: number) => boolean): Entry | undefined {
    for (let entry = this.#first; entry < this.#end; entry += entryWords) {
      if (isWanted(Atomics.load(this.#int32, entry))) return entry;
    }
    return undefined;
  }

  #count(isWanted: (holder: number) => boolean): number {
    let count = 0;
    for (let entry = this.#first; entry < this.#end; entry += entryWords) if (isWanted(Atomics.load(this.#int32, entry))) count++;
    return count;
  }
}
