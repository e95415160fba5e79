/**
 * A consignment: a block that lists the blocks which a message names. Whatever has the message has the consignment, and by it what
 * the message names: so that lives exactly as long as the message does, however long it takes until somebody receives it.
 *
 *     message ─── reference ───▶ consignment ──lists──▶ block, block, ... (a list that is too long: further consignments)
 *        │                            ▲
 *        └── in the memory of a thread, or sent by it to a worker, which empties the consignment: held by that thread's bit
 *            in a queue or a ring     ┤ "in the carrier": while the carrier is there, and has the number that says where
 *            on its way to the host   ┘ of a worker: while the host lives, has not received it, and listens to the worker
 *
 *     word  0       the block's generation, once the rest can be read            sender, after all else was zeroed
 *     word  1       how many blocks it lists                                     sender; exchanged for 0 by the receiver; each holds it
 *     words 2-4     the carrier: arena, block, generation; arena 0: none    \
 *     word  5       in the carrier: the word that counts what was taken           |
 *     word  6       in the carrier: the word that counts what was put             | sender, before the store that puts the message
 *     word  7       the message's number, by those counts                        /
 *     word  8       in the carrier: the entry of the lease on it; 0: none        lessee, before the store that takes the message
 *     words 9-11    the host: process id, start time (low, high)                 \ sender, before it lets go
 *     words 12, 13  who sent it there: process id, thread                        /
 *     words 16..    the blocks: arena, block, generation                         sender, while it holds the consignment
 *
 *  1. A listed block counts its listings (arena.ts). The sender, which holds the block, writes the entry, raises that count, then word 1.
 *     Whoever frees the consignment lowers the counts of what word 1 says. Killed in between: a count is too high, never too low.
 *  2. A consignment that was put into a carrier, or sent to a host, has a listing of its own, and so is not freed when its sender
 *     lets go. Who takes the message takes hold of it before the store that takes, then ends that listing. Killed anywhere: the
 *     counts of the carrier say whether it has the message, the bits whether somebody else does.
 *  3. So listings may be left over, of messages that went with their carrier, their receiver, or a killed sender. Whoever sweeps
 *     looks which consignments can still be reached, and frees what only the others list (reachable.ts).
 *     A block that is still held then is looked at again a while after it was let go of.
 *  4. A sender that was killed before the store that puts leaves a consignment with the number of the next message: it is
 *     taken for that one's until that is taken. Then it goes.
 */
import type { Location } from "./location.js";

/** Where in a carrier a message is. All words are counted from the beginning of the carrier's block. */
export interface Berth {
  readonly carrier: Location;
  readonly takenWord: number;
  readonly putWord: number;
  readonly number: number;
}

/** A process, which may be gone. */
export interface ProcessName {
  readonly id: number;
  readonly startTime: number;
}

/** A thread that sends to its host. */
export interface Sender {
  readonly processId: number;
  readonly threadId: number;
}

const sealAt = 0;
const countAt = 1;
const carrierAt = 2;
const takenWordAt = 5;
const numberAt = 7;
const leaseAt = 8;
const hostAt = 9;
const senderAt = 12;
const entriesAt = 16;
const entryWords = 3;

/** The largest number of blocks that a consignment of this many bytes lists. */
export function roomFor(sizeBytes: number): number {
  return Math.floor((sizeBytes / 4 - entriesAt) / entryWords);
}

/** The bytes of a consignment that lists so many blocks. */
export function bytesFor(count: number): number {
  return (entriesAt + count * entryWords) * 4;
}

/** The words of one, in the memory of its block. */
export class Consignment {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** Whether it is the one of that generation, and not what an earlier one left. */
  isSealed(generation: number): boolean {
    return Atomics.load(this.#words, sealAt) === (generation | 0);
  }

  seal(generation: number): void {
    Atomics.store(this.#words, sealAt, generation);
  }

  get count(): number {
    return Atomics.load(this.#words, countAt);
  }

  /** Writes the next entry; `raise` counts it. */
  write({ arena, block, generation }: Location): void {
    const at = entriesAt + this.count * entryWords;
    this.#words.set([arena, block, generation], at);
  }

  raise(): void {
    Atomics.store(this.#words, countAt, this.count + 1);
  }

  get listed(): readonly Location[] {
    return this.#listed(this.count);
  }

  /** Lists nothing any more. Returns what it listed, to one caller, who holds it. */
  empty(): readonly Location[] {
    const { count } = this;
    return Atomics.compareExchange(this.#words, countAt, count, 0) === count ? this.#listed(count) : [];
  }

  /** Where it is in its carrier; `undefined` when it is in none. */
  get berth(): Berth | undefined {
    const carrier = this.#locationAt(carrierAt);
    if (carrier.arena === 0) return undefined;
    const [takenWord = 0, putWord = 0, number = 0] = this.#words.subarray(takenWordAt, numberAt + 1);
    return { carrier, takenWord, putWord, number };
  }

  set berth(berth: Berth) {
    const { arena, block, generation } = berth.carrier;
    this.#words.set([berth.takenWord, berth.putWord, berth.number, 0], takenWordAt);
    this.#words.set([arena, block, generation], carrierAt);
  }

  get lease(): number {
    return Atomics.load(this.#words, leaseAt);
  }

  set lease(entry: number) {
    Atomics.store(this.#words, leaseAt, entry);
  }

  get host(): ProcessName | undefined {
    const [id = 0, low = 0, high = 0] = this.#words.subarray(hostAt, hostAt + 3);
    return id === 0 ? undefined : { id, startTime: (low >>> 0) + high * 2 ** 32 };
  }

  get sender(): Sender {
    const [processId = 0, threadId = 0] = this.#words.subarray(senderAt, senderAt + 2);
    return { processId, threadId };
  }

  address(host: ProcessName, { processId, threadId }: Sender): void {
    this.#words.set([processId, threadId], senderAt);
    this.#words.set([host.startTime | 0, Math.floor(host.startTime / 2 ** 32)], hostAt + 1);
    Atomics.store(this.#words, hostAt, host.id);
  }

  #listed(count: number): readonly Location[] {
    return Array.from({ length: count }, (_, index) => this.#locationAt(entriesAt + index * entryWords));
  }

  #locationAt(at: number): Location {
    const [arena = 0, block = 0, generation = 0] = this.#words.subarray(at, at + entryWords);
    return { arena, block, generation: generation >>> 0 };
  }
}
