/** The beginning of a chain, where items are taken. `item-chain.ts` draws it. */
import type { Block } from "../memory/block.js";
import { Cargo } from "../memory/cargo.js";
import type { Extents } from "../memory/extents.js";
import { holders } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import { Mutex } from "../memory/mutex.js";
import type { Accounts } from "./accounts.js";
import {
  gotsAt,
  headAt,
  headLockAt,
  headWord,
  headWords,
  maxSpares,
  putsAt,
  sparesAt,
  tailAt,
  tailWord,
  tailWords,
} from "./chain-words.js";
import { recordBytes, recordKind, type Chunk } from "./chunk.js";
import type { Chunks } from "./chunks.js";
import type { Entry, Leases } from "./leases.js";
import { fileOf, takenWith, type Taken } from "./message.js";
import { readBody } from "./payload.js";
import { cargoAt, extentAt, kindAt, readRecord, sizeAt, type RecordItem } from "./record.js";

/** Looks at the body of a message under the head lock; false leaves the item where it is. */
export type Accept = (body: Uint8Array) => boolean;

/** What a head works with. */
export interface HeadParts {
  readonly extents: Extents;
  readonly chunks: Chunks;
  readonly leases: Leases;
  /** Where items are counted that are not done. */
  readonly accounts: Accounts | undefined;
}

export class ChainHead {
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #extents: Extents;
  readonly #chunks: Chunks;
  readonly #leases: Leases;
  readonly #accounts: Accounts | undefined;
  readonly #lock: Mutex;
  readonly #self: number;
  readonly #block: Block;
  /** How many items this thread has seen put, and as of how many that were taken: producers need their cache line. */
  #seenPuts = 0;
  #seenPutsAtGots = 0;
  /** Where the first item's record is, and the chunk that is left on the way to it, unless that is the first; 0: none. */
  #chunk: Chunk;
  #offset = 0;
  #left = 0;

  constructor(block: Block, { extents, chunks, leases, accounts }: HeadParts) {
    const known = holders();
    this.#block = block;
    this.#int32 = block.words.int32;
    this.#at = block.at;
    this.#extents = extents;
    this.#chunks = chunks;
    this.#leases = leases;
    this.#accounts = accounts;
    this.#lock = new Mutex(block.words, block.at + headLockAt, known);
    this.#self = known.self;
    this.#chunk = chunks.get(0);
  }

  /** How many items were ever taken, modulo 2^32. */
  get gots(): number {
    return Atomics.load(this.#int32, this.#at + gotsAt);
  }

  /** Whether no item is there to be taken. */
  get isEmpty(): boolean {
    return this.#isEmptyAt(this.gots);
  }

  /** Keeps all others from taking, until `unlock`. */
  lock(): void {
    if (this.#lock.acquireSync(undefined) === "abandoned") this.#removeLeft();
  }

  unlock(): void {
    this.#lock.release();
  }

  /**
   * Takes what has gone back, else the first item; under the lock. `undefined` when there is none, `"refused"` when `accept`
   * refused it. Memory of a body is good until the next call.
   */
  take(accept?: Accept): Taken | "refused" | undefined {
    const returned = this.#leases.take(accept && ((reader) => accept(readBody(reader))));
    if (returned !== undefined) return returned;
    for (;;) {
      const { gots } = this;
      if (this.#isEmptyAt(gots)) return undefined;
      this.#find(gots);
      const taken = kindAt(this.#chunk, this.#offset) === recordKind.stored ? this.#takeStored(accept) : this.#takeRecord(accept);
      if (taken === "refused") return taken;
      const cargo = this.#claim(gots);
      killPoint("queue.read");
      this.#move(gots);
      cargo?.unload();
      if (taken !== undefined) return takenWith(taken, cargo);
      cargo?.release();
      // It was in the hands of a consumer that was killed, and is lost with it.
      this.#accounts?.finish();
    }
  }

  /** Leases the first item, or what has gone back; under the lock. @throws ResourceLimitError when too many are leased. */
  lease(): Entry | undefined {
    const again = this.#leases.beginAgain();
    if (again !== undefined) return again;
    for (;;) {
      const { gots } = this;
      if (this.#isEmptyAt(gots)) return undefined;
      this.#find(gots);
      const entry = this.#beginLease(gots);
      const cargo = entry === undefined ? this.#claim(gots) : undefined;
      this.#move(gots);
      if (entry !== undefined) return entry;
      cargo?.unload();
      cargo?.release();
    }
  }

  /** Removes the first item; under the lock. Whether there was one. */
  drop(): boolean {
    const { gots } = this;
    if (this.#isEmptyAt(gots)) return false;
    this.#find(gots);
    if (kindAt(this.#chunk, this.#offset) === recordKind.stored) this.#extents.remove(extentAt(this.#chunk, this.#offset));
    const cargo = this.#claim(gots);
    this.#move(gots);
    cargo?.unload();
    cargo?.release();
    return true;
  }

  #isEmptyAt(gots: number): boolean {
    if (this.#seenPutsAtGots === gots && this.#seenPuts !== gots) return false;
    this.#seenPuts = Atomics.load(this.#int32, this.#at + putsAt);
    this.#seenPutsAtGots = gots;
    return this.#seenPuts === gots;
  }

  /** Finds the first item's record, past what only points to it. */
  #find(gots: number): void {
    const head = this.#at + headAt + (gots & 1) * headWords;
    let chunk = this.#chunkOf(this.#int32[head + headWord.chunk] ?? 0);
    let offset = this.#int32[head + headWord.offset] ?? 0;
    this.#left = 0;
    for (;;) {
      const kind = kindAt(chunk, offset);
      if (kind === recordKind.next) {
        this.#left = chunk.number;
        chunk = this.#chunkOf(sizeAt(chunk, offset));
      } else if (kind !== recordKind.wrap) break;
      offset = chunk.start;
    }
    this.#offset = offset;
  }

  #chunkOf(number: number): Chunk {
    if (this.#chunk.number !== number) this.#chunk = this.#chunks.get(number);
    return this.#chunk;
  }

  /** Takes hold of what the item that was found last names, before it is taken. */
  #claim(gots: number): Cargo | undefined {
    const reference = cargoAt(this.#chunk, this.#offset);
    return reference === undefined ? undefined : Cargo.claim(reference, { carrier: this.#block.location, number: gots });
  }

  #takeRecord(accept: Accept | undefined): RecordItem | "refused" {
    const item = readRecord(this.#chunk, this.#offset);
    return accept === undefined || typeof item === "number" || !("body" in item) || accept(item.body) ? item : "refused";
  }

  /** `undefined` when its extent has been taken by somebody who was killed. */
  #takeStored(accept: Accept | undefined): Taken | "refused" | undefined {
    const number = extentAt(this.#chunk, this.#offset);
    const peeked = accept === undefined ? undefined : this.#extents.read(number);
    if (accept !== undefined && peeked !== undefined && !accept(readBody(peeked))) return "refused";
    return this.#extents.take(number);
  }

  /** `undefined` when the item is lost. */
  #beginLease(gots: number): Entry | undefined {
    const cargo = cargoAt(this.#chunk, this.#offset);
    if (kindAt(this.#chunk, this.#offset) !== recordKind.stored) {
      return this.#leases.begin(gots, { parts: fileOf(readRecord(this.#chunk, this.#offset)), cargo });
    }
    const extent = extentAt(this.#chunk, this.#offset);
    return this.#extents.has(extent) ? this.#leases.begin(gots, { extent, cargo }) : undefined;
  }

  /** Says that the item which was found last is taken. */
  #move(gots: number): void {
    const head = this.#at + headAt + (gots & 1) * headWords;
    const moved = (gots + 1) | 0;
    const next = this.#at + headAt + (moved & 1) * headWords;
    let offers = this.#int32[head + headWord.offers] ?? 0;
    let left = this.#left;
    if (left > 0 && this.#mayOffer(offers)) {
      this.#int32[this.#at + sparesAt + (offers & (maxSpares - 1))] = left;
      offers = (offers + 1) | 0;
      left = 0;
    }
    this.#int32[next + headWord.chunk] = this.#chunk.number;
    this.#int32[next + headWord.offset] = this.#offset + recordBytes(sizeAt(this.#chunk, this.#offset));
    this.#int32[next + headWord.left] = left;
    this.#int32[next + headWord.taker] = this.#self;
    this.#int32[next + headWord.offers] = offers;
    Atomics.store(this.#int32, this.#at + gotsAt, moved);
    if (this.#seenPutsAtGots === gots) this.#seenPutsAtGots = moved;
    killPoint("queue.taken");
    this.#accounts?.take();
    if (left > 0) this.#extents.remove(left);
  }

  /** Whether producers have claimed enough of the `offers` chunks that were offered until now. */
  #mayOffer(offers: number): boolean {
    for (;;) {
      const puts = Atomics.load(this.#int32, this.#at + putsAt);
      const claims = this.#int32[this.#at + tailAt + (puts & 1) * tailWords + tailWord.claims] ?? 0;
      if (Atomics.load(this.#int32, this.#at + putsAt) === puts) return ((offers - claims) | 0) < maxSpares;
    }
  }

  #removeLeft(): void {
    const { gots } = this;
    const head = this.#at + headAt + (gots & 1) * headWords;
    const left = this.#int32[head + headWord.left] ?? 0;
    if (left > 0) this.#extents.remove(left);
    this.#leases.repair(gots);
    this.#accounts?.repair(gots, this.#int32[head + headWord.taker] ?? 0);
  }
}
