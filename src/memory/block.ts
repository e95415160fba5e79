/**
 * A block: a piece of zeroed shared memory that an object (a lock, an array) lives in. It is given back when no object in
 * any process uses it any more: by `release`, by the garbage collector, or when the process dies.
 */
import { DecodeError } from "../errors.js";
import { native } from "../platform/native.js";
import { keepUntransferable } from "../platform/untransferable.js";
import { allocator, type Location, type Place } from "./allocator.js";
import type { Words } from "./waitable.js";

export type { Location };

const releaser = new FinalizationRegistry<Location>((location) => allocator().release(location));
/** For buffers that are one block of an arena: what is held keeps the arena mapped. */
const viewReleaser = new FinalizationRegistry<{ readonly location: Location; readonly keep: Words | undefined }>(({ location }) =>
  allocator().release(location),
);

export class Block {
  /** The words of the memory the block is in; those of the block start at `at`. */
  readonly words: Words;
  /** The index in `words.int32` of the block's first word. Blocks start on a cache line of their own. */
  readonly at: number;
  readonly sizeBytes: number;
  /** Names the block within the session. To send it to others, use `send`. */
  readonly location: Location;
  readonly #place: Place;
  #buffer: WeakRef<ArrayBuffer> | undefined;
  #isReleased = false;

  private constructor(location: Location) {
    this.location = location;
    this.#place = allocator().place(location);
    this.words = this.#place.words;
    this.at = this.#place.byteOffset / 4;
    this.sizeBytes = this.#place.sizeBytes;
    releaser.register(this, location, this);
  }

  /**
   * Takes new memory of at least `sizeBytes`, zeroed.
   *
   * @throws ResourceLimitError when the machine cannot back it.
   * @throws UnsupportedError where memory cannot be shared between processes.
   */
  static allocate(sizeBytes: number): Block {
    return new Block(allocator().allocate(sizeBytes));
  }

  /** Finds the block that `send` named in another process or thread. @throws StateError when nobody holds it any more. */
  static attach(location: unknown): Block {
    if (!isLocation(location)) throw new DecodeError("Cannot read a shared object: its location is malformed.");
    allocator().adopt(location);
    return new Block(location);
  }

  /** The number of the segment that is the block's own, and can have extents; `undefined` for one of an arena's blocks. */
  get segment(): number | undefined {
    return this.#place.isPart ? undefined : this.#place.words.serial;
  }

  /** The memory the block is in, of which its bytes begin at `at * 4`. For views that live as long as the block. */
  get memory(): ArrayBuffer {
    return this.#place.words.buffer;
  }

  /**
   * The block as a buffer of its own, for views that are handed to users. The memory is held as long as the buffer can be
   * reached, even when the block cannot.
   */
  get buffer(): ArrayBuffer {
    return this.#buffer?.deref() ?? this.#makeBuffer();
  }

  /** Names the block for one message that is about to be sent, and keeps it for whoever receives that. */
  send(): Location {
    allocator().send(this.location);
    return this.location;
  }

  /** Lets go of the memory now rather than when the block is collected. It must not be used afterwards. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    releaser.unregister(this);
    allocator().release(this.location);
  }

  #makeBuffer(): ArrayBuffer {
    const { words, byteOffset, sizeBytes, isPart } = this.#place;
    const buffer = isPart ? native().view(words.address + byteOffset, sizeBytes) : words.buffer;
    if (isPart) keepUntransferable(buffer);
    allocator().hold(this.location);
    // Keeps the arena mapped. A whole segment's buffer keeps its mapping itself, and could never go if it were kept here.
    viewReleaser.register(buffer, { location: this.location, keep: isPart ? words : undefined });
    this.#buffer = new WeakRef(buffer);
    return buffer;
  }
}

/** Whether a value that was received can name a block. */
export function isLocation(value: unknown): value is Location {
  return (
    typeof value === "object" &&
    value !== null &&
    "arena" in value &&
    Number.isSafeInteger(value.arena) &&
    "block" in value &&
    Number.isSafeInteger(value.block) &&
    "generation" in value &&
    Number.isSafeInteger(value.generation)
  );
}
