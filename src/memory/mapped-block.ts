/** A block of the session's memory, which processes and threads map. It is held until the last object here lets go (arena.ts). */
import { native } from "../platform/native.js";
import { keepUntransferable } from "../platform/untransferable.js";
import { allocator, type Place } from "./allocator.js";
import type { BlockMemory } from "./block-memory.js";
import { noteNamed } from "./cargo.js";
import { keyOf, type Location } from "./location.js";
import type { MappedWords } from "./mapped-words.js";

const releaser = new FinalizationRegistry<Location>((location) => allocator().release(location));
/** For buffers that are one block of an arena: what is held keeps the arena mapped. */
const viewReleaser = new FinalizationRegistry<{ readonly location: Location; readonly keep: MappedWords | undefined }>(({ location }) =>
  allocator().release(location),
);

export class MappedBlock implements BlockMemory {
  readonly words: MappedWords;
  readonly at: number;
  readonly sizeBytes: number;
  readonly location: Location;
  readonly key: string;
  readonly #place: Place;
  #buffer: WeakRef<ArrayBuffer> | undefined;
  #isReleased = false;

  /** `location` is held once for this object. */
  constructor(location: Location) {
    this.location = location;
    this.key = keyOf(location);
    this.#place = allocator().place(location);
    this.words = this.#place.words;
    this.at = this.#place.byteOffset / 4;
    this.sizeBytes = this.#place.sizeBytes;
    releaser.register(this, location, this);
  }

  static allocate(sizeBytes: number): MappedBlock {
    return new MappedBlock(allocator().allocate(sizeBytes));
  }

  static attach(location: Location): MappedBlock {
    allocator().adopt(location);
    return new MappedBlock(location);
  }

  get segment(): number | undefined {
    return this.#place.isPart ? undefined : this.words.serial;
  }

  get memory(): ArrayBuffer {
    return this.words.buffer;
  }

  get buffer(): ArrayBuffer {
    return this.#buffer?.deref() ?? this.#makeBuffer();
  }

  send(): Location {
    noteNamed(this.location);
    return this.location;
  }

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
