/**
 * The shared part of a queue: what one look or one attempt does; waiting is `queue.ts`.
 *
 *     words 64-65    items: there is something to take                      signal.ts
 *     words 80-81    room: there is room to put                             signal.ts
 *     words 96-97    idle: all items are done                               signal.ts
 *     word  112      most items there may be, 0 without a limit             maker
 *     word  113      0: open, 1: shut down, 2: shut down and emptied        under the tail lock
 *     word  114      1 when items are counted until they are done           maker
 *     word  115      \ leases                                               leases.ts
 *     words 128..    /
 *     words 1024..   accounts                                               accounts.ts
 *     the rest       item-chain.ts
 *
 *  1. An item is put, then announced; taken, then room is announced. Whoever is killed between the two leaves waiters that
 *     look every `attendMs`.
 *  2. Shutting down is one store. Emptying is done by everybody who comes to take after it, so that it does not depend on
 *     whoever shut it down; until then the items count as gone.
 */
import { StateError } from "../errors.js";
import { Block } from "../memory/block.js";
import type { ExtentReader } from "../memory/extents.js";
import { attendMs } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import { Accounts } from "./accounts.js";
import type { Accept } from "./chain-head.js";
import { ItemChain } from "./item-chain.js";
import type { Entry } from "./leases.js";
import type { Taken } from "./message.js";
import type { Payload, StoredPayload } from "./payload.js";
import { Signal } from "./signal.js";

const itemsAt = 64;
const roomAt = 80;
const idleAt = 96;
const limitAt = 112;
const stateAt = 113;
const countedAt = 114;
const accountsAt = 1024;

/** The queue's own segment: the header and the first chunk. */
const segmentBytes = 64 * 1024;

/** While there are items, the leases of the dead are looked for every so many: cheap, and soon enough. */
const looksPerCheck = 256;

const state = { open: 0, shut: 1, emptied: 2 } as const;

export class SharedQueue {
  readonly block: Block;
  /** Announced when there is an item to take. */
  readonly items: Signal;
  /** Announced when there is room to put. */
  readonly room: Signal;
  /** Announced when all items are done. */
  readonly idle: Signal;
  /** Most items there may be; 0: no limit. */
  readonly maxSize: number;
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #chain: ItemChain;
  readonly #accounts: Accounts | undefined;
  #nextCheck = 0;
  #looks = 0;

  constructor(block: Block) {
    this.block = block;
    this.#int32 = block.words.int32;
    this.#at = block.at;
    this.items = new Signal(block.words, block.at + itemsAt);
    this.room = new Signal(block.words, block.at + roomAt);
    this.idle = new Signal(block.words, block.at + idleAt);
    this.maxSize = this.#load(limitAt);
    this.#accounts = this.#load(countedAt) === 1 ? new Accounts(this.#int32, block.at + accountsAt) : undefined;
    this.#chain = new ItemChain(block, this.#accounts);
  }

  /** `maxSize`: most items there may be, 0 without a limit. `isCounted`: items are counted until they are done. */
  static allocate(maxSize: number, options: { readonly isCounted: boolean }): SharedQueue {
    const block = Block.allocateMapped(segmentBytes);
    block.words.int32[block.at + limitAt] = maxSize;
    block.words.int32[block.at + countedAt] = options.isCounted ? 1 : 0;
    const made = new SharedQueue(block);
    made.#chain.format();
    return made;
  }

  get size(): number {
    if (this.#load(stateAt) === state.emptied) return 0;
    const { leases } = this.#chain;
    for (;;) {
      const { waiting } = leases;
      const size = this.#chain.count + waiting;
      // An item that is leased and goes back between the two looks would count twice.
      if (leases.waiting === waiting) return size;
    }
  }

  get isFull(): boolean {
    return this.maxSize > 0 && this.size >= this.maxSize;
  }

  get isShutDown(): boolean {
    return this.#load(stateAt) !== state.open;
  }

  /** @throws ResourceLimitError when the machine cannot back the item. */
  put(payload: Payload | StoredPayload): "put" | "full" | "shut-down" {
    const { tail } = this.#chain;
    tail.lock();
    try {
      if (this.#load(stateAt) !== state.open) return "shut-down";
      if (this.isFull) return "full";
      tail.append(payload);
    } finally {
      tail.unlock();
    }
    this.items.announce();
    // There is room for others, too, and whoever made it has woken one.
    if (this.maxSize > 0 && this.room.isAwaited && !this.isFull) this.room.announce();
    return "put";
  }

  /** Makes what a large item needs, before it is put. */
  prepare(payload: Payload): Payload | StoredPayload {
    return this.#chain.prepare(payload);
  }

  /** Gives that back when it could not be put. */
  discard(payload: Payload | StoredPayload): void {
    this.#chain.discard(payload);
  }

  take(accept?: Accept): Taken | "refused" | undefined {
    if (!this.lookForItems()) return undefined;
    const { head } = this.#chain;
    head.lock();
    let taken: Taken | "refused" | undefined;
    try {
      taken = this.#load(stateAt) === state.emptied ? this.#empty() : head.take(accept);
    } finally {
      head.unlock();
    }
    if (taken !== undefined && taken !== "refused") this.#announceTaken();
    return taken;
  }

  /** Leases the first item; read it, then finish it or give it back. @throws ResourceLimitError when too many are leased. */
  lease(): Entry | undefined {
    if (!this.lookForItems()) return undefined;
    const entry = this.#whileTaking(() => (this.#load(stateAt) === state.emptied ? this.#empty() : this.#chain.head.lease()));
    if (entry !== undefined) this.#announceTaken();
    return entry;
  }

  /** What this thread has leased. */
  readLease(entry: Entry): ExtentReader {
    const reader = this.#chain.leases.read(entry);
    if (reader === undefined) throw new StateError("Cannot read a leased item: it is gone.");
    return reader;
  }

  finishLease(entry: Entry): void {
    this.#chain.leases.finish(entry);
  }

  giveBack(entry: Entry): void {
    this.#chain.leases.giveBack(entry);
    this.items.announce();
  }

  /** How many items are not done yet. */
  get unfinished(): number {
    if (this.#accounts === undefined || this.#load(stateAt) === state.emptied) return 0;
    for (;;) {
      const { done } = this.#accounts;
      const unfinished = (this.#chain.tail.puts - done) >>> 0;
      if (done === this.#accounts.done) return unfinished;
    }
  }

  /** Counts an item as done; false when all that were taken are. */
  finish(): boolean {
    if (this.#accounts?.finish() !== true) return false;
    killPoint("queue.finished");
    this.#announceIdle();
    return true;
  }

  /** Counts as done what was lost with consumers that are gone. */
  settle(): void {
    if (this.#accounts === undefined) return;
    const accounts = this.#accounts;
    // With the lock, so that nobody who was killed while it took is in the midst of it.
    if (this.#whileTaking(() => accounts.settle())) this.#announceIdle();
  }

  /** Takes no more items; and drops those that are there. */
  shutDown({ isImmediate }: { readonly isImmediate: boolean }): void {
    const wanted = isImmediate ? state.emptied : state.shut;
    this.#chain.tail.lock();
    if (this.#load(stateAt) < wanted) Atomics.store(this.#int32, this.#at + stateAt, wanted);
    this.#chain.tail.unlock();
    killPoint("queue.shut");
    if (isImmediate) this.#whileTaking(() => this.#empty());
    this.items.announceToAll();
    this.room.announceToAll();
    this.idle.announceToAll();
  }

  /** Whether there may be something to take. */
  get hasItems(): boolean {
    return !this.#chain.head.isEmpty || this.#chain.leases.mayHaveReturned;
  }

  /** The same, but that it looks now and then for what the dead have leased. */
  lookForItems(): boolean {
    const { isEmpty } = this.#chain.head;
    if (isEmpty ? performance.now() > this.#nextCheck : ++this.#looks % looksPerCheck === 0) {
      this.#nextCheck = performance.now() + attendMs;
      this.#settleLeases();
    }
    return !isEmpty || this.#chain.leases.mayHaveReturned;
  }

  #empty(): undefined {
    while (this.#chain.head.drop());
    this.#chain.leases.clear();
  }

  #settleLeases(): void {
    const { leases } = this.#chain;
    if (leases.needSettling) this.#whileTaking(() => leases.settle());
  }

  /** Runs `act` while nobody else takes. */
  #whileTaking<R>(act: () => R): R {
    this.#chain.head.lock();
    try {
      return act();
    } finally {
      this.#chain.head.unlock();
    }
  }

  #announceTaken(): void {
    if (this.maxSize > 0) this.room.announce();
    if (this.items.isAwaited && (!this.#chain.head.isEmpty || this.#chain.leases.mayHaveReturned)) this.items.announce();
  }

  #announceIdle(): void {
    if (this.idle.isAwaited && this.unfinished === 0) this.idle.announceToAll();
  }

  #load(word: number): number {
    return Atomics.load(this.#int32, this.#at + word);
  }
}
