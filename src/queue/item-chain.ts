/**
 * The items of a queue: a chain of rings in shared memory.
 *
 *     first chunk                 extent 3                     extent 4
 *     ┌──────────────────────┐    ┌──────────────────────┐     ┌──────────────────────┐
 *     │ consumed ▒▒▒▒▒▒▒ next┼───▶│▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒ next┼────▶│ ▒▒▒ wrap   free  ▒▒▒▒│
 *     └──────────▲───────────┘    └──────────────────────┘     └────▲──────────────▲──┘
 *                head: the next one that is taken                  tail      (were the head here)
 *
 * Producers append to the last chunk, round and round as long as consumers keep up, so that a queue in balance stays where
 * it is. When there is no room they add a chunk, and consumers remove those that they have emptied. So a queue has no
 * end, and nobody has to consume before a producer may end. A record is a header (size, kind) and a payload (`payload.ts`).
 *
 *     words 0-3      tail lock: held by a producer while it appends                            mutex.ts
 *     word  16       puts: how many items were put, modulo 2^32                                under the tail lock
 *     words 17-19    tail after an even number of puts: chunk, offset, number of the last extent
 *     words 20-22    tail after an odd number of puts
 *     words 32-35    head lock: held by a consumer while it takes                              mutex.ts
 *     word  48       gots: how many items were taken, modulo 2^32                              under the head lock
 *     words 49-52    head after an even number of gots: chunk, offset, extent that was left just then, id of the last taker
 *     words 53-56    head after an odd number of gots
 *
 *  1. To put is to write a record, then the tail for the next number of puts, then that number. The last is one store: until
 *     then nothing has happened, and the next producer writes over it; after it everything has.
 *  2. To take is the same with the head. So no state has to be mended when a producer or a consumer was killed; only files:
 *     a producer leaves up to two extents whose numbers are the next ones, a consumer the extent in `left`. Whoever gets an
 *     abandoned lock removes those. A consumer killed before its store has taken nothing, unless the item was in an extent
 *     of its own that it has removed: that item is skipped.
 *  3. A producer reads where the head is without the head lock: it reads the position for a number of gots, and the number
 *     again. A position is written over only after the number has changed. The head may have moved on since; then there
 *     is more room than it thinks.
 *  4. Numbers of extents are never used twice while the queue lives, but for those of invariant 2.
 *  5. Neither lock is held while anybody waits, encodes, decodes, or copies more than `storedFromBytes`.
 */
import { DecodeError } from "../errors.js";
import type { Block } from "../memory/block.js";
import { Extents, type ExtentReader } from "../memory/extents.js";
import { holders } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import { Mutex } from "../memory/mutex.js";
import type { Encoded } from "../wire/extension.js";
import type { Accounts } from "./accounts.js";
import { Chunk, placeRecord, recordBytes, recordHeaderBytes, recordKind, type Position } from "./chunk.js";
import { Leases, type Entry } from "./leases.js";
import { readBody, readParts, storedFromBytes, toFile, toStored, type Payload, type StoredPayload } from "./payload.js";
import { copyOf, fileOf, referenceAt, writeHeader, writeRecord } from "./record.js";

const tailLockAt = 0;
const putsAt = 16;
const tailAt = 17;
const tailWords = 3;
const headLockAt = 32;
const gotsAt = 48;
const headAt = 49;
const headWords = 4;

/** Where the first chunk begins in the queue's own segment, in bytes. */
export const firstChunkAt = 12 * 1024;
const chunkBytes = 1024 * 1024;

const noAttachments: readonly Uint8Array[] = [];

/** Looks at the body of a message under the head lock; false leaves the item where it is. */
export type Accept = (body: Uint8Array) => boolean;

/** An item that was taken: the message, or the file it is in, to be read when the lock has been released. */
export type Taken = Encoded | ExtentReader;

export class ItemChain {
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #extents: Extents;
  readonly #tailLock: Mutex;
  readonly #headLock: Mutex;
  readonly leases: Leases;
  readonly #accounts: Accounts | undefined;
  readonly #self: number;
  readonly #first: Chunk;
  #tailChunk: Chunk;
  #headChunk: Chunk;
  /** Where the head was when this thread last looked, and for how many puts that is good. */
  #seenHead: Position = { chunk: -1, offset: 0 };
  #seenHeadAtPuts: number | undefined;

  /** `accounts`: where items are counted that are not done. @throws DecodeError when the block has no segment of its own. */
  constructor(block: Block, accounts: Accounts | undefined) {
    if (block.segment === undefined) throw new DecodeError("Cannot read a queue: its memory is malformed.");
    const known = holders();
    this.#int32 = block.words.int32;
    this.#at = block.at;
    this.#accounts = accounts;
    this.#self = known.self;
    this.#extents = new Extents(block.segment);
    this.leases = new Leases(this.#int32, this.#at, this.#extents);
    this.#tailLock = new Mutex(block.words, block.at + tailLockAt, known);
    this.#headLock = new Mutex(block.words, block.at + headLockAt, known);
    this.#first = new Chunk(0, { buffer: block.memory, sizeBytes: block.sizeBytes }, firstChunkAt);
    this.#tailChunk = this.#first;
    this.#headChunk = this.#first;
  }

  /** Writes where a new queue begins, before anybody else can see it. */
  format(): void {
    this.#int32[this.#at + tailAt + 1] = firstChunkAt;
    this.#int32[this.#at + headAt + 1] = firstChunkAt;
  }

  /** How many items there are. */
  get count(): number {
    for (;;) {
      const gots = this.#gots;
      const count = (this.#puts - gots) >>> 0;
      // Between two looks at different words both may have moved on; what counts is one moment.
      if (gots === this.#gots) return count;
    }
  }

  /** How many items were ever put, modulo 2^32. */
  get puts(): number {
    return this.#puts;
  }

  /** Runs `act` while nobody else puts. */
  whilePutting<R>(act: () => R): R {
    if (this.#tailLock.acquireSync(undefined) === "abandoned") this.#removeUnfinished();
    try {
      return act();
    } finally {
      this.#tailLock.release();
    }
  }

  /** Runs `act` while nobody else takes. */
  whileTaking<R>(act: () => R): R {
    if (this.#headLock.acquireSync(undefined) === "abandoned") this.#removeLeft();
    try {
      return act();
    } finally {
      this.#headLock.release();
    }
  }

  /** Makes the file of a large item, before it is put. @throws ResourceLimitError when there is no room. */
  prepare(payload: Payload): Payload | StoredPayload {
    return payload.sizeBytes < storedFromBytes ? payload : toStored(this.#extents.draft(toFile(payload)));
  }

  /** Removes that file, when the item could not be put. */
  discard(payload: Payload | StoredPayload): void {
    if ("draft" in payload) this.#extents.discard(payload.draft);
  }

  /** Puts an item; within `whilePutting`. @throws ResourceLimitError when the machine cannot back it; nothing is put then. */
  append(payload: Payload | StoredPayload): void {
    const puts = this.#puts;
    const tail = this.#at + tailAt + (puts & 1) * tailWords;
    const lastNumber = this.#int32[tail + 2] ?? 0;
    const chunk = this.#tailChunkOf(this.#int32[tail] ?? 0);
    const sizeBytes = recordBytes(payload.sizeBytes);
    const placement = this.#place(chunk, this.#int32[tail + 1] ?? 0, sizeBytes);
    const [into, offset, number] = placement === "next-chunk" ? this.#grow(chunk, tail, lastNumber) : [chunk, placement, lastNumber];
    const committed = "draft" in payload ? this.#publish(payload, number) : number;
    writeRecord(into, offset, payload);
    const next = this.#at + tailAt + ((puts + 1) & 1) * tailWords;
    this.#int32[next] = into.number;
    this.#int32[next + 1] = offset + sizeBytes;
    this.#int32[next + 2] = committed;
    killPoint("queue.appended");
    Atomics.store(this.#int32, this.#at + putsAt, (puts + 1) | 0);
    this.#tailChunk = into;
    if (this.#seenHeadAtPuts === puts) this.#seenHeadAtPuts = (puts + 1) | 0;
    killPoint("queue.put");
  }

  /**
   * Takes what has gone back, else the first item; within `whileTaking`. `undefined` when there is none, `"refused"` when `accept` refused it. Memory
   * of the body is good until the next call.
   */
  take(accept?: Accept): Taken | "refused" | undefined {
    const returned = this.leases.take(accept && ((reader) => accept(readBody(reader))));
    if (returned !== undefined) return returned;
    for (;;) {
      const gots = this.#gots;
      if (this.#puts === gots) return undefined;
      const { chunk, offset, left } = this.#firstRecord(gots);
      const taken = this.#read(chunk, offset, accept);
      if (taken === "refused") return taken;
      killPoint("queue.read");
      this.#moveHead(gots, { chunk: chunk.number, offset: offset + recordBytes(chunk.int32[offset >> 2] ?? 0) }, left);
      if (taken !== undefined) return taken;
      // It was in the hands of a consumer that was killed, and is lost with it.
      this.#accounts?.finish();
    }
  }

  /** Leases the first item, or what has gone back; within `whileTaking`. @throws ResourceLimitError when too many are leased. */
  lease(): Entry | undefined {
    const again = this.leases.beginAgain();
    if (again !== undefined) return again;
    for (;;) {
      const gots = this.#gots;
      if (this.#puts === gots) return undefined;
      const { chunk, offset, left } = this.#firstRecord(gots);
      const next = { chunk: chunk.number, offset: offset + recordBytes(chunk.int32[offset >> 2] ?? 0) };
      const isStored = chunk.int32[(offset >> 2) + 1] === recordKind.stored;
      const isLost = isStored && !this.#extents.has(referenceAt(chunk, offset));
      const entry = isLost ? undefined : this.leases.begin(gots, isStored ? { extent: referenceAt(chunk, offset) } : fileOf(chunk, offset));
      this.#moveHead(gots, next, left);
      if (entry !== undefined) return entry;
    }
  }

  /** Removes the first item; within `whileTaking`. Whether there was one. */
  drop(): boolean {
    const gots = this.#gots;
    if (this.#puts === gots) return false;
    const { chunk, offset, left } = this.#firstRecord(gots);
    if (chunk.int32[(offset >> 2) + 1] === recordKind.stored) this.#extents.remove(referenceAt(chunk, offset));
    this.#moveHead(gots, { chunk: chunk.number, offset: offset + recordBytes(chunk.int32[offset >> 2] ?? 0) }, left);
    return true;
  }

  get #puts(): number {
    return Atomics.load(this.#int32, this.#at + putsAt);
  }

  get #gots(): number {
    return Atomics.load(this.#int32, this.#at + gotsAt);
  }

  #tailChunkOf(number: number): Chunk {
    return this.#tailChunk.number === number ? this.#tailChunk : this.#open(number);
  }

  #open(number: number): Chunk {
    if (number === 0) return this.#first;
    if (number === this.#tailChunk.number) return this.#tailChunk;
    if (number === this.#headChunk.number) return this.#headChunk;
    return new Chunk(number, this.#extents.open(number));
  }

  /** Finds room in the last chunk, and leaves a way to it if it is not right behind the last record. */
  #place(chunk: Chunk, offset: number, sizeBytes: number): number | "next-chunk" {
    for (;;) {
      const isFresh = this.#seenHeadAtPuts !== this.#puts;
      if (isFresh) this.#lookForHead();
      const head = this.#seenHead.chunk === chunk.number ? this.#seenHead.offset : undefined;
      const placement = placeRecord(chunk, offset, { head, sizeBytes });
      if (placement !== "next-chunk") {
        if (placement.isWrapped) writeHeader(chunk, offset, { size: 0, kind: recordKind.wrap });
        return placement.offset;
      }
      if (isFresh) return placement;
      this.#seenHeadAtPuts = undefined;
    }
  }

  #lookForHead(): void {
    for (;;) {
      const gots = this.#gots;
      const head = this.#at + headAt + (gots & 1) * headWords;
      this.#seenHead = { chunk: this.#int32[head] ?? 0, offset: this.#int32[head + 1] ?? 0 };
      if (this.#gots === gots) break;
    }
    this.#seenHeadAtPuts = this.#puts;
  }

  /** Adds a chunk. */
  #grow(chunk: Chunk, tail: number, lastNumber: number): [chunk: Chunk, offset: number, lastNumber: number] {
    const number = lastNumber + 1;
    const added = new Chunk(number, this.#extents.create(number, chunkBytes));
    killPoint("queue.grown");
    writeHeader(chunk, this.#int32[tail + 1] ?? 0, { size: number, kind: recordKind.next });
    return [added, added.start, number];
  }

  #publish(payload: StoredPayload, lastNumber: number): number {
    const number = lastNumber + 1;
    payload.reference[0] = number;
    this.#extents.publish(payload.draft, number);
    killPoint("queue.published");
    return number;
  }

  /** Where the first item's record is, past what only points to it. */
  #firstRecord(gots: number): { readonly chunk: Chunk; readonly offset: number; readonly left: number } {
    const head = this.#at + headAt + (gots & 1) * headWords;
    let chunk = this.#headChunkOf(this.#int32[head] ?? 0);
    let offset = this.#int32[head + 1] ?? 0;
    let left = 0;
    for (;;) {
      const kind = chunk.int32[(offset >> 2) + 1];
      if (kind === recordKind.wrap) {
        offset = chunk.start;
      } else if (kind === recordKind.next) {
        left = chunk.number;
        chunk = this.#headChunkOf(chunk.int32[offset >> 2] ?? 0);
        offset = chunk.start;
      } else {
        return { chunk, offset, left };
      }
    }
  }

  #headChunkOf(number: number): Chunk {
    if (this.#headChunk.number !== number) this.#headChunk = this.#open(number);
    return this.#headChunk;
  }

  /** The item of a record; `undefined` when its extent has been taken by somebody who was killed. */
  #read(chunk: Chunk, offset: number, accept: Accept | undefined): Taken | "refused" | undefined {
    const size = chunk.int32[offset >> 2] ?? 0;
    const at = offset + recordHeaderBytes;
    switch (chunk.int32[(offset >> 2) + 1]) {
      case recordKind.body:
        return accepted({ body: copyOf(chunk, at, size), attachments: noAttachments }, accept);
      case recordKind.parts: {
        let from = at;
        return accepted(
          readParts((sizeBytes) => chunk.bytes.slice(from, (from += sizeBytes))),
          accept,
        );
      }
      case recordKind.stored:
        return this.#takeStored(referenceAt(chunk, offset), accept);
      default:
        throw new DecodeError("Cannot take an item from a queue: its memory is damaged.");
    }
  }

  #takeStored(number: number, accept: Accept | undefined): ExtentReader | "refused" | undefined {
    const peeked = accept === undefined ? undefined : this.#extents.read(number);
    if (accept !== undefined && peeked !== undefined && !accept(readBody(peeked))) return "refused";
    return this.#extents.take(number);
  }

  #moveHead(gots: number, { chunk, offset }: Position, left: number): void {
    const next = this.#at + headAt + ((gots + 1) & 1) * headWords;
    this.#int32[next] = chunk;
    this.#int32[next + 1] = offset;
    this.#int32[next + 2] = left;
    this.#int32[next + 3] = this.#self;
    Atomics.store(this.#int32, this.#at + gotsAt, (gots + 1) | 0);
    killPoint("queue.taken");
    this.#accounts?.take();
    if (left > 0) this.#extents.remove(left);
  }

  #removeUnfinished(): void {
    const lastNumber = this.#int32[this.#at + tailAt + (this.#puts & 1) * tailWords + 2] ?? 0;
    this.#extents.remove(lastNumber + 1);
    this.#extents.remove(lastNumber + 2);
  }

  #removeLeft(): void {
    const gots = this.#gots;
    const head = this.#at + headAt + (gots & 1) * headWords;
    const left = this.#int32[head + 2] ?? 0;
    if (left > 0) this.#extents.remove(left);
    this.leases.repair(gots);
    this.#accounts?.repair(gots, this.#int32[head + 3] ?? 0);
  }
}

function accepted(encoded: Encoded, accept: Accept | undefined): Encoded | "refused" {
  return accept === undefined || accept(encoded.body) ? encoded : "refused";
}
