/**
 * The memory of a shareable list: slots of fixed capacity, each of which is read and written as a whole.
 *
 *     header   word 0: layout version      word 1: how many slots         maker, before anybody else sees them
 *     table    2 words a slot: where it begins, in bytes; its capacity, in bytes               maker, the same
 *     slot     word 0: who writes          compare-exchange, writers
 *              word 1: version             the writer, when the item is complete
 *              2 cells of:  word 0: kind    word 1: length    capacity bytes        the writer
 *
 *  1. The item is in cell `version & 1`. A writer fills the other one, then makes the version one more: readers never wait,
 *     and see the item before or the item after.
 *  2. A cell is filled again only after the version has changed. So a reader that finds the version as it was has read one
 *     item; else it reads again. It does so only while others finish writing.
 *  3. One writer at a time: `who writes` is its thread id and the low bits of its start time, 0 when nobody. This does not use
 *     the session's registry, since programs of other sessions write, too. They must see one another's processes: containers
 *     that share `/dev/shm`, but not the space of process ids, take each other for dead.
 *  4. A writer that is killed before it changed the version has changed nothing that counts; after, everything. Both times it
 *     leaves its name in `who writes`, and whoever wants to write finds that it is dead and takes its place.
 */
import { TimeoutError } from "../errors.js";
import { killPoint } from "../memory/kill-point.js";
import { isTaskAlive, ownThreadId, startTimeOf } from "../platform/liveness.js";
import { roomFor, type EncodedItem } from "./list-items.js";

const layoutVersion = 1;
const headerWords = 2;
const tableWords = 2;
const slotWords = 2;
const cellWords = 2;

/** So often a writer looks before it sleeps: writing takes less than a microsecond. */
const spins = 200;
/** How long a writer sleeps between two looks, and after how long it gives up on one that lives but does not go on, in milliseconds. */
const pause = 1;
const patience = 10_000;

/** How many bytes the slots of these capacities take. */
export function slotsSizeBytes(capacities: readonly number[]): number {
  return capacities.reduce((total, capacity) => total + slotSizeBytes(capacity), (headerWords + capacities.length * tableWords) * 4);
}

export class ListSlots {
  readonly #bytes: Uint8Array;
  readonly #int32: Int32Array;
  readonly length: number;

  /** Slots that were formatted before. @throws RangeError when the memory holds no such slots. */
  constructor(buffer: ArrayBufferLike) {
    this.#bytes = new Uint8Array(buffer);
    this.#int32 = new Int32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
    this.length = this.#int32[1] ?? 0;
    if (this.#int32[0] !== layoutVersion || !this.#fits()) throw new RangeError("Cannot read a shareable list: the memory holds none.");
  }

  /** Writes items into zeroed memory, before anybody else sees it; each gets a slot with room for it. */
  static format(buffer: ArrayBufferLike, items: readonly EncodedItem[]): ListSlots {
    const int32 = new Int32Array(buffer, 0, headerWords + items.length * tableWords);
    let start = int32.byteLength;
    for (const [slot, item] of items.entries()) {
      int32[headerWords + slot * tableWords] = start;
      int32[headerWords + slot * tableWords + 1] = roomFor(item);
      start += slotSizeBytes(roomFor(item));
    }
    int32[1] = items.length;
    int32[0] = layoutVersion;
    const slots = new ListSlots(buffer);
    for (const [slot, item] of items.entries()) slots.write(slot, item);
    return slots;
  }

  capacity(slot: number): number {
    return this.#int32[headerWords + slot * tableWords + 1] ?? 0;
  }

  read(slot: number): EncodedItem {
    const at = this.#start(slot);
    for (;;) {
      const version = Atomics.load(this.#int32, at + 1);
      const cell = this.#cell(slot, version);
      const kind = this.#int32[cell] ?? 0;
      const length = Math.min(this.#int32[cell + 1] ?? 0, this.capacity(slot));
      const first = (cell + cellWords) * 4;
      const bytes = this.#bytes.slice(first, first + Math.max(0, length));
      // An exchange rather than a load: also on processors that could put off the reads before, it comes after them.
      if (Atomics.compareExchange(this.#int32, at + 1, version, version) === version) return { kind, bytes };
    }
  }

  /** @throws TimeoutError when another writer has stopped in the middle, without having died. */
  write(slot: number, { kind, bytes }: EncodedItem): void {
    const at = this.#start(slot);
    this.#claim(at, slot);
    killPoint("list.claimed");
    const version = Atomics.load(this.#int32, at + 1);
    const cell = this.#cell(slot, version + 1);
    this.#int32[cell] = kind;
    this.#int32[cell + 1] = bytes.length;
    this.#bytes.set(bytes, (cell + cellWords) * 4);
    killPoint("list.filled");
    Atomics.store(this.#int32, at + 1, (version + 1) | 0);
    killPoint("list.changed");
    Atomics.store(this.#int32, at, 0);
  }

  #claim(at: number, slot: number): void {
    const self = ownTag();
    for (let spin = 0; spin < spins; spin++) if (Atomics.compareExchange(this.#int32, at, 0, self) === 0) return;
    const giveUpAt = performance.now() + patience;
    for (;;) {
      const other = Atomics.compareExchange(this.#int32, at, 0, self);
      if (other === 0) return;
      if (isDead(other) && Atomics.compareExchange(this.#int32, at, other, self) === other) return;
      if (performance.now() > giveUpAt) {
        throw new TimeoutError(
          `Cannot write the item ${slot} of a shareable list: the process or thread ${other & threadMask} has been writing it for ${patience} ms. Is it stopped?`,
          patience,
        );
      }
      Atomics.wait(sleeper(), 0, 0, pause);
    }
  }

  /** The first word of a slot. */
  #start(slot: number): number {
    return (this.#int32[headerWords + slot * tableWords] ?? 0) / 4;
  }

  /** The first word of the cell that a version is in. */
  #cell(slot: number, version: number): number {
    return this.#start(slot) + slotWords + (version & 1) * (cellWords + this.capacity(slot) / 4);
  }

  /** Whether the table fits the memory, and each slot does. */
  #fits(): boolean {
    if (this.length < 0 || headerWords + this.length * tableWords > this.#int32.length) return false;
    for (let slot = 0; slot < this.length; slot++) {
      const [start, capacity] = [this.#start(slot), this.capacity(slot)];
      if (!Number.isInteger(start) || start < headerWords + this.length * tableWords || capacity < 8 || capacity % 8 !== 0) return false;
      if (start * 4 + slotSizeBytes(capacity) > this.#bytes.length) return false;
    }
    return true;
  }
}

function slotSizeBytes(capacity: number): number {
  return slotWords * 4 + 2 * (cellWords * 4 + capacity);
}

/** Thread ids are below 2^22 on Linux; nine bits of the start time tell a thread from a later one with the same id. */
const threadBits = 22;
const threadMask = (1 << threadBits) - 1;
const startMask = 0x1ff;

let tag: number | undefined;
let sleeping: Int32Array | undefined;

function ownTag(): number {
  if (tag !== undefined) return tag;
  // Where threads have no ids that tell whether they live, all writers are of this process, and take each other for alive.
  const id = ownThreadId() ?? process.pid;
  return (tag = id | (((startTimeOf(id) ?? 0) & startMask) << threadBits));
}

function isDead(writer: number): boolean {
  const id = writer & threadMask;
  const startTime = startTimeOf(id);
  return startTime === undefined || (startTime & startMask) !== writer >>> threadBits || !isTaskAlive({ id, startTime });
}

function sleeper(): Int32Array {
  return (sleeping ??= new Int32Array(new SharedArrayBuffer(4)));
}
