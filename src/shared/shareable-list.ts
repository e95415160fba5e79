/** A list of fixed length whose items processes, threads and other programs share. */
import { ClosedError, DecodeError, StateError } from "../errors.js";
import { Block } from "../memory/block.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { Identities } from "../memory/identities.js";
import { decodeItem, encodeItem, isSameItem, roomFor, type ListItem } from "./list-items.js";
import { ListSlots, slotsSizeBytes } from "./list-slots.js";
import { SharedMemory } from "./shared-memory.js";

export type { ListItem };

export interface ShareableListOptions {
  /** Puts the list into a `SharedMemory` of that name, where unrelated programs can attach to it. */
  readonly name?: string | undefined;
  /** Whether the name outlives this program: see `SharedMemory`. */
  readonly persist?: boolean | undefined;
}

/**
 * A list of numbers, bigints of 64 bits, booleans, strings, bytes and nulls, in memory that is shared.
 *
 * Its length is fixed, and so is the room for each item: a string or bytes may later be replaced by whatever has up to
 * `8 * (floor(n / 8) + 1)` bytes, where `n` is how many the first one had (in UTF-8); all others have 8. Within that, any item
 * may be replaced by one of any kind. Items come back exactly as they were: with NULs at the end, -0, NaN, and a `number` never
 * as a `bigint`. Bytes are copied in and out.
 *
 * Each item is read and written as a whole: a reader sees the item before or after, never a mixture, and never waits. A writer
 * that is killed in the middle has not written. There is no lock over several items.
 *
 * Without a name it lives as long as anybody has it. It travels as a lock does: as an argument, a result, an item on a queue,
 * or a captured variable.
 *
 * Python: `multiprocessing.shared_memory.ShareableList`; `list[i]` is `at` and `set`, `shm` is `memory`. Its ints are numbers or
 * bigints here, whichever you put.
 *
 * @example
 * ```ts
 * const list = new ShareableList(["howdy", 7, true, null]);
 * list.set(0, "hi");
 * assert.deepEqual([...list], ["hi", 7, true, null]);
 * assert.throws(() => list.set(0, "much too long for it"), RangeError);
 * assert.equal(list.indexOf(7), 1);
 * ```
 */
export class ShareableList implements Shareable, Iterable<ListItem> {
  readonly #home: Block | SharedMemory;
  readonly #slots: ListSlots;

  /**
   * Makes a list of the given items.
   *
   * @throws TypeError when an item is of another type; RangeError when it is a bigint beyond 64 bits, or a broken string.
   * @throws StateError when the name is taken.
   * @throws ResourceLimitError | UnsupportedError as `SharedMemory.create`.
   */
  constructor(items: Iterable<ListItem>, options?: ShareableListOptions);
  constructor(items: Iterable<ListItem> | Block | SharedMemory, { name, persist }: ShareableListOptions = {}) {
    if (items instanceof Block || items instanceof SharedMemory) {
      this.#home = items;
      this.#slots = new ListSlots(items.buffer);
      return;
    }
    if (typeof items !== "object" || items === null || !(Symbol.iterator in items)) {
      throw new TypeError("Cannot make a shareable list: it needs the items it begins with, in an array or another iterable");
    }
    if (persist !== undefined && name === undefined) throw new TypeError("Cannot make a shareable list: only one with a name can persist");
    const encoded = Array.from(items, encodeItem);
    const size = slotsSizeBytes(encoded.map(roomFor));
    if (name === undefined) {
      this.#home = Block.allocate(size);
      ListSlots.format(this.#home.buffer, encoded);
    } else {
      this.#home = SharedMemory.create({ name, size, persist, initialize: ({ buffer }) => void ListSlots.format(buffer, encoded) });
    }
    this.#slots = new ListSlots(this.#home.buffer);
  }

  /** Opens the list that any program of this user has made with that name. @throws StateError when there is none. */
  static attach(name: string): ShareableList {
    const memory = SharedMemory.attach(name);
    try {
      return listIn(memory);
    } catch (error) {
      memory.close();
      if (!(error instanceof RangeError)) throw error;
      throw new StateError(`Cannot attach to a shareable list: the shared memory "${name}" holds something else.`, { cause: error });
    }
  }

  get length(): number {
    return this.#slots.length;
  }

  /** The memory of a list with a name: to close and to unlink it. Python: `shm`. */
  get memory(): SharedMemory | undefined {
    return this.#home instanceof SharedMemory ? this.#home : undefined;
  }

  /** The item at `index`; counted from the end when it is negative. @throws RangeError when there is none; ClosedError after `memory.close()`. */
  at(index: number): ListItem {
    return this.#read(this.#place(index));
  }

  /**
   * Replaces an item; a negative index counts from the end.
   *
   * @throws RangeError when there is no such item, or the new one has more bytes than there is room for; nothing is changed then.
   * @throws TypeError when a list cannot hold such a value.
   * @throws TimeoutError when another writer of the same item was stopped in the middle, for 10 seconds.
   * @throws ClosedError after `memory.close()`.
   */
  set(index: number, value: ListItem): void {
    const slot = this.#place(index);
    const item = encodeItem(value);
    const capacity = this.#slots.capacity(slot);
    if (item.bytes.length > capacity) {
      throw new RangeError(
        `Cannot set the item ${index} of a shareable list: it has room for ${capacity} bytes, and the new one has ${item.bytes.length}`,
      );
    }
    this.#slots.write(slot, item);
  }

  /** Where the first such item is; -1 when there is none. Bytes are compared by their contents. Python: `index`, which throws. */
  indexOf(value: ListItem): number {
    for (let slot = 0; slot < this.length; slot++) if (isSameItem(this.#read(slot), value)) return slot;
    return -1;
  }

  includes(value: ListItem): boolean {
    return this.indexOf(value) >= 0;
  }

  /** How many such items there are. */
  count(value: ListItem): number {
    let count = 0;
    for (const item of this) if (isSameItem(item, value)) count++;
    return count;
  }

  *[Symbol.iterator](): Generator<ListItem, void, undefined> {
    for (let slot = 0; slot < this.length; slot++) yield this.#read(slot);
  }

  toJSON(): ListItem[] {
    return [...this];
  }

  [Symbol.for("nodejs.util.inspect.custom")](
    _depth: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ): string {
    return `ShareableList ${this.memory?.isClosed === true ? "(closed)" : inspect([...this], options)}`;
  }

  [handleOf](): Handle {
    const data = this.#home instanceof SharedMemory ? this.#home.name : known.sent(this.#home, this);
    return { kind: "shareable-list", data };
  }

  #read(slot: number): ListItem {
    this.#refuseClosed();
    const item = decodeItem(this.#slots.read(slot));
    if (item === undefined)
      throw new DecodeError(`Cannot read the item ${slot} of a shareable list: another version of manyhands wrote it.`);
    return item;
  }

  #place(index: number): number {
    this.#refuseClosed();
    const place = index < 0 ? index + this.length : index;
    if (Number.isInteger(place) && place >= 0 && place < this.length) return place;
    throw new RangeError(`Cannot use the item ${index} of a shareable list: it has ${this.length}`);
  }

  #refuseClosed(): void {
    if (this.memory?.isClosed !== true) return;
    throw new ClosedError(`Cannot use the shareable list "${this.memory.name}": its memory is closed here. Attach to it again.`);
  }
}

function listIn(home: Block | SharedMemory): ShareableList {
  return Reflect.construct(ShareableList, [home]) as ShareableList;
}

const known = new Identities<ShareableList>(listIn);

/** The shareable list a handle names. */
export function fromHandle(data: unknown): ShareableList {
  return typeof data === "string" ? ShareableList.attach(data) : known.received(data);
}
