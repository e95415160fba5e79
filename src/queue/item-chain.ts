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
 * it is. When there is no room they add a chunk: one that consumers have emptied and offer, else a new one. Consumers
 * remove what they have emptied while the last few they offered are not claimed. So a queue has no end, and nobody has to
 * consume before a producer may end. A record is a header (size, kind) and a payload (`payload.ts`).
 * Producers are `chain-tail.ts`, consumers `chain-head.ts`: what one side writes at every item has cache lines of its own.
 *
 *     words 0-3      tail lock: held by a producer while it appends                            mutex.ts
 *     word  16       puts: how many items were put, modulo 2^32                                under the tail lock
 *     words 17-20    tail after an even number of puts: chunk, offset, number of the last extent, claims
 *     words 21-24    tail after an odd number of puts
 *     words 32-35    head lock: held by a consumer while it takes                              mutex.ts
 *     word  48       gots: how many items were taken, modulo 2^32                              under the head lock
 *     words 49-53    head after an even number of gots: chunk, offset, extent that was left just then and is not offered, id of
 *                    the last taker, offers
 *     words 54-58    head after an odd number of gots
 *     words 116-119  spares: the chunk of each offer, at its number modulo 4                   under the head lock
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
 *  4. Numbers of extents are never used twice while the queue lives, but for those of invariant 2 and chunks that come back.
 *  5. Offers counts the chunks that consumers have offered, claims those of them that producers have added again; they differ by
 *     at most the number of spares. To offer is part of the store of invariant 2, to claim part of that of invariant 1: killed
 *     before it, neither has happened. The word of a spare is written before it is offered and stays until it is claimed; an
 *     offer is never taken back. What was offered has been read, and nobody reads it again before it is part of the chain.
 *  6. What an item names is kept by its consignment (memory/consignment.ts), whose number here is that of the put. A producer loads it
 *     right before the store of invariant 1; a consumer claims it before that of invariant 2, and unloads it after that.
 *  7. Neither lock is held while anybody waits, encodes, decodes, or copies more than `storedFromBytes`.
 */
import { DecodeError } from "../errors.js";
import type { Block } from "../memory/block.js";
import { Extents } from "../memory/extents.js";
import type { Accounts } from "./accounts.js";
import { ChainHead } from "./chain-head.js";
import { ChainTail } from "./chain-tail.js";
import { firstChunkAt, headAt, headWord, tailAt, tailWord } from "./chain-words.js";
import { Chunk } from "./chunk.js";
import { Chunks } from "./chunks.js";
import { Leases } from "./leases.js";
import { storedFromBytes, toFile, toStored, type Payload, type StoredPayload } from "./payload.js";

export class ItemChain {
  readonly tail: ChainTail;
  readonly head: ChainHead;
  readonly leases: Leases;
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #extents: Extents;

  /** `accounts`: where items are counted that are not done. @throws DecodeError when the block has no segment of its own. */
  constructor(block: Block, accounts: Accounts | undefined) {
    if (block.segment === undefined) throw new DecodeError("Cannot read a queue: its memory is malformed.");
    const extents = new Extents(block.segment);
    const chunks = new Chunks(new Chunk(0, { buffer: block.memory, sizeBytes: block.sizeBytes }, firstChunkAt), extents);
    this.#int32 = block.words.int32;
    this.#at = block.at;
    this.#extents = extents;
    this.leases = new Leases(block, extents);
    this.tail = new ChainTail(block, extents, chunks);
    this.head = new ChainHead(block, { extents, chunks, leases: this.leases, accounts });
  }

  /** Writes where a new queue begins, before anybody else can see it. */
  format(): void {
    this.#int32[this.#at + tailAt + tailWord.offset] = firstChunkAt;
    this.#int32[this.#at + headAt + headWord.offset] = firstChunkAt;
  }

  /** How many items there are. */
  get count(): number {
    for (;;) {
      const { gots } = this.head;
      const count = (this.tail.puts - gots) >>> 0;
      // Between two looks at different words both may have moved on; what counts is one moment.
      if (gots === this.head.gots) return count;
    }
  }

  /** Makes the file of a large item, before it is put. @throws ResourceLimitError when there is no room. */
  prepare(payload: Payload): Payload | StoredPayload {
    return payload.sizeBytes < storedFromBytes ? payload : toStored(this.#extents.draft(toFile(payload)), payload.cargo);
  }

  /** Removes that file, when the item could not be put. */
  discard(payload: Payload | StoredPayload): void {
    if ("draft" in payload) this.#extents.discard(payload.draft);
    payload.cargo?.release();
  }
}
