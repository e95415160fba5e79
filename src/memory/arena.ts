/**
 * An arena: one file that holds small objects ("blocks") of one size. Any participant allocates and frees; nobody holds a
 * lock meanwhile, so nobody can die holding one. There are no lists, only one state word a block.
 *
 *     header     64 bytes: block size, capacity, 1 when retired, about how many blocks live       maker; all
 *     control    8 bytes a block:  generation : 32 | listings : 16 | version : 15 | live : 1      compare-exchange, all
 *     holders    64 bytes a block: one bit a participant slot                                      each its own bit; reap
 *     notes      8 bytes a block:  number of the segment it owns; its kind                     holder
 *     data       capacity x block size, each block on a cache line of its own
 *
 * A block lives while any participant holds it (its bit is set), or a message on its way names it: then a consignment lists it
 * (consignment.ts), which is itself a block.
 *
 *  1. Bits are idempotent: setting or clearing one twice is as good as once, so a participant killed between any two lines
 *     leaves nothing but its bits, and `reap` clears those.
 *  2. A block becomes live by compare-exchange, with the allocator's bit set before: no live block is without a holder.
 *     Killed before the exchange: the bit is on a free block, where it means nothing, and is cleared by `reap`.
 *  3. A block is freed by compare-exchange from a control word that was read before its holders were found to be none.
 *     Listing and adopting change the version, and both happen with the sender's or adopter's bit set: so whoever came in
 *     between makes the exchange fail.
 *  4. Freeing changes the generation. A handle from before does not adopt what the block is used for now: it is refused.
 *  5. The count of listings may be too high, never too low: a message was lost, or somebody was killed between two stores. A count
 *     that has reached its highest stays there. Whoever sweeps frees blocks by what can be reached, whatever the count.
 *  6. `live count` is a hint: a participant killed between a state change and the count leaves it wrong. It chooses which
 *     arena is tried first and when retiring is tried; who finds an arena full against the hint counts (`count`).
 *  7. Retiring (under the manager lock) takes every block out of use one by one and puts them back if one is in use. The
 *     manager killed half-way leaves blocks out of use, and the next one that reaps puts them back (`repair`).
 */
import type { Mapping } from "../platform/native.js";
import { Consignment } from "./consignment.js";
import { killPoint } from "./kill-point.js";
import type { Location } from "./location.js";
import { participantSlots } from "./registry.js";

const headerBytes = 64;
const controlBytes = 8;
const holderWords = participantSlots / 32;
const noteWords = 2;
const cacheLine = 64;
const bytesBeside = controlBytes + holderWords * 4 + noteWords * 4;

const liveBit = 1n;
const versionUnit = 2n;
const versionMask = 0xfffen;
const listingUnit = 0x1_0000n;
const listingMask = 0xffff_0000n;
/** State of a block that is out of use since its arena is being retired: not live, version at its highest. */
const retiredState = versionMask;

/** What a block is for, where that makes a difference when it is freed. */
export const blockKind = { plain: 0, consignment: 1, carrier: 2 } as const;

/** What a block that was freed leaves to be done. */
export interface Remains {
  /** The segment that is nobody's now. */
  readonly segment: number | undefined;
  /** The blocks that it listed. */
  readonly listed: readonly Location[];
  /** It may have carried messages, which are lost. */
  readonly wasCarrier: boolean;
}

/** A block that nobody holds, but that is listed. */
export interface Suspect {
  readonly block: number;
  readonly generation: number;
  /** Its control word. */
  readonly seen: bigint;
}

/** How many blocks of a size an arena file of about `totalBytes` holds; at least one. */
export function capacityFor(blockBytes: number, totalBytes: number): number {
  return Math.max(1, Math.min(0xffff, Math.floor((totalBytes - headerBytes - cacheLine) / (blockBytes + bytesBeside))));
}

/** The size of the file. */
export function arenaBytes(blockBytes: number, capacity: number): number {
  return dataStart(capacity) + capacity * blockBytes;
}

export class Arena {
  readonly serial: number;
  readonly blockBytes: number;
  readonly capacity: number;
  readonly #buffer: ArrayBuffer;
  readonly #header: Int32Array;
  readonly #control: BigInt64Array;
  /** The same, and all before it, as 32-bit words. */
  readonly #words: Int32Array;
  readonly #holders: Int32Array;
  readonly #notes: Int32Array;
  #next = 0;

  constructor(mapping: Mapping, serial: number) {
    this.serial = serial;
    this.#buffer = mapping.buffer;
    this.#header = new Int32Array(mapping.buffer, 0, headerBytes / 4);
    this.blockBytes = Atomics.load(this.#header, 0);
    this.capacity = Atomics.load(this.#header, 1);
    this.#control = new BigInt64Array(mapping.buffer, headerBytes, this.capacity);
    this.#words = new Int32Array(mapping.buffer, 0, headerBytes / 4 + this.capacity * 2);
    const holdersAt = headerBytes + this.capacity * controlBytes;
    this.#holders = new Int32Array(mapping.buffer, holdersAt, this.capacity * holderWords);
    this.#notes = new Int32Array(mapping.buffer, holdersAt + this.capacity * holderWords * 4, this.capacity * noteWords);
  }

  /** Writes the header of a new arena, before anybody else can see it. */
  static format(mapping: Mapping, serial: number, size: { readonly blockBytes: number; readonly capacity: number }): Arena {
    const header = new Int32Array(mapping.buffer, 0, 2);
    header[0] = size.blockBytes;
    header[1] = size.capacity;
    return new Arena(mapping, serial);
  }

  get isRetired(): boolean {
    return Atomics.load(this.#header, 2) === 1;
  }

  /** About how many blocks live. */
  get liveCount(): number {
    return Atomics.load(this.#header, 3);
  }

  /** Counts the blocks that are in use or out of use, and corrects the hint. */
  count(): number {
    const hint = this.liveCount;
    let taken = 0;
    for (let block = 0; block < this.capacity; block++) if ((Atomics.load(this.#control, block) & 0xffff_ffffn) !== 0n) taken++;
    // Added rather than stored, so that what others add meanwhile is not lost.
    Atomics.add(this.#header, 3, taken - hint);
    return taken;
  }

  /** Where a block's data starts in the arena's buffer, in bytes. */
  offsetOf(block: number): number {
    return dataStart(this.capacity) + block * this.blockBytes;
  }

  generationOf(block: number): number {
    return generationIn(Atomics.load(this.#control, block));
  }

  /** Takes a free block for the participant in `slot` and zeroes it; `undefined` when there is none. */
  allocate(slot: number): number | undefined {
    for (let tried = 0; tried < this.capacity; tried++) {
      const block = this.#next;
      this.#next = (this.#next + 1) % this.capacity;
      const seen = Atomics.load(this.#control, block);
      if ((seen & 0xffff_ffffn) !== 0n) continue;
      this.#setBit(block, slot);
      killPoint("arena.bit-set");
      if (Atomics.compareExchange(this.#control, block, seen, seen | liveBit) !== seen) {
        this.release(block, slot);
        continue;
      }
      killPoint("arena.live");
      Atomics.add(this.#header, 3, 1);
      this.#notes.fill(0, block * noteWords, (block + 1) * noteWords);
      new Uint8Array(this.#buffer, this.offsetOf(block), this.blockBytes).fill(0);
      return block;
    }
    return undefined;
  }

  /** Says that one more consignment lists the block, or that one is on its way. The caller holds the block. */
  list(block: number): void {
    for (;;) {
      const seen = Atomics.load(this.#control, block);
      const more = (seen & listingMask) === listingMask ? 0n : listingUnit;
      if (Atomics.compareExchange(this.#control, block, seen, nextVersion(seen + more)) === seen) return;
    }
  }

  /** Takes a listing back, and frees the block if it was the last that kept it. */
  unlist(block: number, generation: number): Remains | undefined {
    for (;;) {
      const seen = Atomics.load(this.#control, block);
      const listings = seen & listingMask;
      if ((seen & liveBit) === 0n || generationIn(seen) !== generation || listings === 0n || listings === listingMask) return undefined;
      if (Atomics.compareExchange(this.#control, block, seen, nextVersion(seen - listingUnit)) === seen) break;
    }
    killPoint("arena.unlisted");
    return this.free(block);
  }

  /** Makes the participant in `slot` a holder of a block that was sent to it; false when the block has been freed since. */
  adopt(block: number, generation: number, slot: number): boolean {
    if (block < 0 || block >= this.capacity || !this.isLive(block, generation)) return false;
    this.#setBit(block, slot);
    killPoint("arena.adopting");
    for (;;) {
      const seen = Atomics.load(this.#control, block);
      if (!this.isLive(block, generation)) {
        this.release(block, slot);
        return false;
      }
      if (Atomics.compareExchange(this.#control, block, seen, nextVersion(seen)) === seen) return true;
    }
  }

  /** Ends the hold of the participant in `slot`; frees the block if it was the last. Returns what is to be done then, if anything. */
  release(block: number, slot: number): Remains | undefined {
    Atomics.and(this.#holders, block * holderWords + (slot >>> 5), ~(1 << (slot & 31)));
    killPoint("arena.released");
    return this.free(block);
  }

  /** Frees the block if nobody holds it and nothing lists it. Returns what is to be done then, if anything. */
  free(block: number): Remains | undefined {
    for (;;) {
      const seen = Atomics.load(this.#control, block);
      if ((seen & liveBit) === 0n || (seen & listingMask) !== 0n || this.isHeld(block)) return undefined;
      const freed = this.#free(block, seen);
      if (freed !== "changed") return freed;
    }
  }

  /** Frees a block that cannot be reached, unless anything has happened to it since it was seen. */
  freeSuspect({ block, seen }: Suspect): Remains | undefined {
    const freed = this.#free(block, seen);
    return freed === "changed" ? undefined : freed;
  }

  /** The blocks that are listed, and that nobody holds. */
  suspects(): Suspect[] {
    const found: Suspect[] = [];
    for (let block = 0; block < this.capacity; block++) {
      // As two words, for speed: most are not listed.
      if (Atomics.load(this.#words, headerBytes / 4 + block * 2) >>> 16 === 0) continue;
      const seen = Atomics.load(this.#control, block);
      if ((seen & liveBit) === 0n || (seen & listingMask) === 0n || this.isHeld(block)) continue;
      found.push({ block, generation: generationIn(seen), seen });
    }
    return found;
  }

  /** Clears every trace of the participant in `slot`, and frees what nobody holds. Returns what is to be done then. */
  forget(slot: number): Remains[] {
    const remains: Remains[] = [];
    const word = slot >>> 5;
    const bit = 1 << (slot & 31);
    for (let block = 0; block < this.capacity; block++) {
      if ((Atomics.load(this.#holders, block * holderWords + word) & bit) === 0) continue;
      const left = this.release(block, slot);
      if (left !== undefined) remains.push(left);
    }
    return remains;
  }

  /** Puts back into use what a manager that was killed took out of it. Only under the manager lock. */
  repair(): void {
    if (!this.isRetired) this.#unretire();
  }

  /** Frees blocks whose last holder was killed while it let go. */
  sweep(): Remains[] {
    const remains: Remains[] = [];
    for (let block = 0; block < this.capacity; block++) {
      const left = this.free(block);
      if (left !== undefined) remains.push(left);
    }
    return remains;
  }

  /** Says what a block is for. The caller holds it. */
  setKind(block: number, kind: number): void {
    Atomics.store(this.#notes, block * noteWords + 1, kind);
  }

  /** Whether nobody holds a block that carries messages, and only other messages name it: perhaps those that it carries. */
  isLostCarrier(location: Location): boolean {
    return Atomics.load(this.#notes, location.block * noteWords + 1) === blockKind.carrier && this.isOnTheWay(location);
  }

  /** Whether nobody holds a block, and only messages name it. */
  isOnTheWay({ block, generation }: Location): boolean {
    return this.isLive(block, generation) && !this.isHeld(block);
  }

  /** The consignment in a block; `undefined` when there is none that can be read. */
  consignment(block: number): Consignment | undefined {
    if (Atomics.load(this.#notes, block * noteWords + 1) !== blockKind.consignment) return undefined;
    const consignment = new Consignment(this.wordsOf(block));
    return consignment.isSealed(this.generationOf(block)) ? consignment : undefined;
  }

  /** The blocks of all consignments. */
  *consignments(): Generator<{ readonly block: number; readonly generation: number; readonly consignment: Consignment }> {
    for (let block = 0; block < this.capacity; block++) {
      const consignment = this.consignment(block);
      const generation = this.generationOf(block);
      if (consignment !== undefined && this.isLive(block, generation)) yield { block, generation, consignment };
    }
  }

  /** The data of a block. */
  wordsOf(block: number): Int32Array {
    return new Int32Array(this.#buffer, this.offsetOf(block), this.blockBytes / 4);
  }

  /** Notes the number of the segment that goes when the block does; before the segment is made. */
  own(block: number, segment: number): void {
    Atomics.store(this.#notes, block * noteWords, segment);
  }

  owned(block: number): number | undefined {
    return Atomics.load(this.#notes, block * noteWords) || undefined;
  }

  /** The segments of all live blocks. */
  *ownedSegments(): Generator<number> {
    for (let block = 0; block < this.capacity; block++) {
      if ((Atomics.load(this.#control, block) & liveBit) === 0n) continue;
      const owned = this.owned(block);
      if (owned !== undefined) yield owned;
    }
  }

  /** Takes the whole arena out of use; false, and as before, when a block of it is in use. Only under the manager lock. */
  retire(): boolean {
    for (let block = 0; block < this.capacity; block++) {
      const seen = Atomics.load(this.#control, block);
      const state = seen & 0xffff_ffffn;
      if (state === retiredState) continue;
      if (state !== 0n || Atomics.compareExchange(this.#control, block, seen, seen | retiredState) !== seen) {
        this.#unretire();
        return false;
      }
      killPoint("arena.retiring");
    }
    Atomics.store(this.#header, 2, 1);
    return true;
  }

  #unretire(): void {
    for (let block = 0; block < this.capacity; block++) {
      const seen = Atomics.load(this.#control, block);
      if ((seen & 0xffff_ffffn) === retiredState) Atomics.compareExchange(this.#control, block, seen, seen - retiredState);
    }
  }

  #setBit(block: number, slot: number): void {
    Atomics.or(this.#holders, block * holderWords + (slot >>> 5), 1 << (slot & 31));
  }

  /** Whether the block is in use, and still the one of that generation. */
  isLive(block: number, generation: number): boolean {
    // As two words, for speed. The state is looked at first: a generation that has not passed afterwards had not then.
    const word = headerBytes / 4 + block * 2;
    return (Atomics.load(this.#words, word) & 1) === 1 && Atomics.load(this.#words, word + 1) >>> 0 === generation;
  }

  /** Whether any participant holds the block. */
  isHeld(block: number): boolean {
    for (let word = block * holderWords; word < (block + 1) * holderWords; word++) {
      if (Atomics.load(this.#holders, word) !== 0) return true;
    }
    return false;
  }

  #free(block: number, seen: bigint): Remains | undefined | "changed" {
    const remains = this.#remainsOf(block);
    killPoint("arena.freeing");
    const freed = BigInt.asIntN(64, ((seen >> 32n) + 1n) << 32n);
    if (Atomics.compareExchange(this.#control, block, seen, freed) !== seen) return "changed";
    Atomics.sub(this.#header, 3, 1);
    return remains;
  }

  #remainsOf(block: number): Remains | undefined {
    const segment = this.owned(block);
    const kind = Atomics.load(this.#notes, block * noteWords + 1);
    if (segment === undefined && kind === blockKind.plain) return undefined;
    return { segment, listed: this.consignment(block)?.listed ?? [], wasCarrier: kind === blockKind.carrier };
  }
}

function generationIn(control: bigint): number {
  return Number(BigInt.asUintN(32, control >> 32n));
}

function nextVersion(control: bigint): bigint {
  return (control & ~versionMask) | ((control + versionUnit) & versionMask);
}

function dataStart(capacity: number): number {
  return Math.ceil((headerBytes + capacity * bytesBeside) / cacheLine) * cacheLine;
}
