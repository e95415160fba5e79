/** The end of a chain, where items are put. `item-chain.ts` draws it. */
import { allocator } from "../memory/allocator.js";
import type { Block } from "../memory/block.js";
import type { Cargo } from "../memory/cargo.js";
import type { Extents } from "../memory/extents.js";
import { holders } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import { Mutex } from "../memory/mutex.js";
import {
  chunkBytes,
  gotsAt,
  headAt,
  headWord,
  headWords,
  maxSpares,
  putsAt,
  sparesAt,
  tailAt,
  tailLockAt,
  tailWord,
  tailWords,
} from "./chain-words.js";
import { Chunk, placeRecord, recordBytes, recordKind } from "./chunk.js";
import type { Chunks } from "./chunks.js";
import type { Payload, StoredPayload } from "./payload.js";
import { writeHeader, writeRecord } from "./record.js";

export class ChainTail {
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #extents: Extents;
  readonly #chunks: Chunks;
  readonly #lock: Mutex;
  readonly #block: Block;
  #isCarrier = false;
  /** The chunk this thread put to last. */
  #chunk: Chunk;
  /** Where the head was when this thread last looked, and for how many puts that is good. */
  #seenHeadChunk = -1;
  #seenHeadOffset = 0;
  #seenHeadAtPuts: number | undefined;

  constructor(block: Block, extents: Extents, chunks: Chunks) {
    this.#block = block;
    this.#int32 = block.words.int32;
    this.#at = block.at;
    this.#extents = extents;
    this.#chunks = chunks;
    this.#lock = new Mutex(block.words, block.at + tailLockAt, holders());
    this.#chunk = chunks.get(0);
  }

  /** How many items were ever put, modulo 2^32. */
  get puts(): number {
    return Atomics.load(this.#int32, this.#at + putsAt);
  }

  /** Keeps all others from putting, until `unlock`. */
  lock(): void {
    if (this.#lock.acquireSync(undefined) === "abandoned") this.#removeUnfinished();
  }

  unlock(): void {
    this.#lock.release();
  }

  /** Puts an item; under the lock. @throws ResourceLimitError when the machine cannot back it; nothing is put then. */
  append(payload: Payload | StoredPayload): void {
    const { puts } = this;
    const tail = this.#at + tailAt + (puts & 1) * tailWords;
    let chunk = this.#chunkOf(this.#int32[tail + tailWord.chunk] ?? 0);
    let lastNumber = this.#int32[tail + tailWord.lastNumber] ?? 0;
    let claims = this.#int32[tail + tailWord.claims] ?? 0;
    const end = this.#int32[tail + tailWord.offset] ?? 0;
    const sizeBytes = recordBytes(payload.sizeBytes);
    let offset = this.#place(chunk, end, { sizeBytes, puts });
    if (offset === undefined) {
      const last = chunk;
      if (this.#offers === claims) chunk = this.#create(++lastNumber);
      else chunk = this.#chunks.get(this.#int32[this.#at + sparesAt + (claims++ & (maxSpares - 1))] ?? 0);
      writeHeader(last, end, { size: chunk.number, kind: recordKind.next });
      killPoint("queue.grown");
      offset = chunk.start;
    }
    if ("draft" in payload) this.#publish(payload, ++lastNumber);
    writeRecord(chunk, offset, payload);
    const next = this.#at + tailAt + ((puts + 1) & 1) * tailWords;
    this.#int32[next + tailWord.chunk] = chunk.number;
    this.#int32[next + tailWord.offset] = offset + sizeBytes;
    this.#int32[next + tailWord.lastNumber] = lastNumber;
    this.#int32[next + tailWord.claims] = claims | 0;
    killPoint("queue.appended");
    if (payload.cargo !== undefined) this.#load(payload.cargo, puts);
    Atomics.store(this.#int32, this.#at + putsAt, (puts + 1) | 0);
    payload.cargo?.release();
    if (chunk !== this.#chunk) this.#chunks.keep(chunk);
    // In a chunk that comes back, a head that was seen long ago would be taken for one that is there now.
    if (chunk === this.#chunk && this.#seenHeadAtPuts === puts) this.#seenHeadAtPuts = (puts + 1) | 0;
    this.#chunk = chunk;
    killPoint("queue.put");
  }

  #load(cargo: Cargo, number: number): void {
    if (!this.#isCarrier) allocator().consignments.markCarrier(this.#block.location);
    this.#isCarrier = true;
    cargo.load({ carrier: this.#block.location, takenWord: gotsAt, putWord: putsAt, number });
  }

  #chunkOf(number: number): Chunk {
    if (this.#chunk.number !== number) this.#chunk = this.#chunks.get(number);
    return this.#chunk;
  }

  /**
   * Finds room in the last chunk, whose last record ends at `end`, and leaves a way to it if it is not right there. `undefined`
   * when it takes another chunk.
   */
  #place(chunk: Chunk, end: number, { sizeBytes, puts }: { readonly sizeBytes: number; readonly puts: number }): number | undefined {
    for (;;) {
      const isFresh = this.#seenHeadAtPuts !== puts;
      if (isFresh) this.#lookForHead(puts);
      const head = this.#seenHeadChunk === chunk.number ? this.#seenHeadOffset : undefined;
      const placement = placeRecord(chunk, end, { head, sizeBytes });
      if (placement !== "next-chunk") {
        if (placement.isWrapped) writeHeader(chunk, end, { size: 0, kind: recordKind.wrap });
        return placement.offset;
      }
      if (isFresh) return undefined;
      this.#seenHeadAtPuts = undefined;
    }
  }

  #lookForHead(puts: number): void {
    for (;;) {
      const gots = Atomics.load(this.#int32, this.#at + gotsAt);
      const head = this.#at + headAt + (gots & 1) * headWords;
      this.#seenHeadChunk = this.#int32[head + headWord.chunk] ?? 0;
      this.#seenHeadOffset = this.#int32[head + headWord.offset] ?? 0;
      if (Atomics.load(this.#int32, this.#at + gotsAt) === gots) break;
    }
    this.#seenHeadAtPuts = puts;
  }

  /** How many chunks consumers have offered. */
  get #offers(): number {
    for (;;) {
      const gots = Atomics.load(this.#int32, this.#at + gotsAt);
      const offers = this.#int32[this.#at + headAt + (gots & 1) * headWords + headWord.offers] ?? 0;
      if (Atomics.load(this.#int32, this.#at + gotsAt) === gots) return offers;
    }
  }

  #create(number: number): Chunk {
    const created = new Chunk(number, this.#extents.create(number, chunkBytes));
    killPoint("queue.created");
    return created;
  }

  #publish(payload: StoredPayload, number: number): void {
    payload.number = number;
    this.#extents.publish(payload.draft, number);
    killPoint("queue.published");
  }

  #removeUnfinished(): void {
    const lastNumber = this.#int32[this.#at + tailAt + (this.puts & 1) * tailWords + tailWord.lastNumber] ?? 0;
    this.#extents.remove(lastNumber + 1);
    this.#extents.remove(lastNumber + 2);
  }
}
