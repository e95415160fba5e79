/**
 * A block: a piece of zeroed shared memory that an object (a lock, an array) lives in. It is given back when no object
 * anywhere uses it any more: by `release`, by the garbage collector, or when the process dies.
 *
 * Where memory can be mapped, it is the session's, for processes and threads (mapped-block.ts). Elsewhere it is this process's,
 * for its threads alone (thread-block.ts), and is refused where it is sent to another process.
 */
import { DecodeError, StateError } from "../errors.js";
import { hasNative } from "../platform/native.js";
import type { BlockMemory } from "./block-memory.js";
import { isLocation, type Location } from "./location.js";
import { MappedBlock } from "./mapped-block.js";
import { isThreadLocation, ThreadBlock } from "./thread-block.js";
import type { Words } from "./waitable.js";

export { isLocation };
export type { Location };

export class Block implements BlockMemory {
  readonly words: Words;
  /** Blocks start on a cache line of their own. */
  readonly at: number;
  readonly sizeBytes: number;
  readonly key: string;
  readonly #memory: BlockMemory;

  private constructor(memory: BlockMemory) {
    this.#memory = memory;
    this.words = memory.words;
    this.at = memory.at;
    this.sizeBytes = memory.sizeBytes;
    this.key = memory.key;
  }

  /**
   * Takes new memory of at least `sizeBytes`, zeroed.
   *
   * @throws ResourceLimitError when the machine cannot back it.
   */
  static allocate(sizeBytes: number): Block {
    return new Block(hasNative() ? MappedBlock.allocate(sizeBytes) : ThreadBlock.allocate(sizeBytes));
  }

  /**
   * The same, for what goes between processes or is nothing.
   *
   * @throws UnsupportedError where memory cannot be shared between processes.
   */
  static allocateMapped(sizeBytes: number): Block {
    return new Block(MappedBlock.allocate(sizeBytes));
  }

  /**
   * Finds the block that `send` named in another process or thread.
   *
   * @throws StateError when nobody holds it any more.
   * @throws UnsupportedError when it can be mapped where it was made, but not here.
   */
  static attach(location: unknown): Block {
    if (isLocation(location)) return new Block(MappedBlock.attach(location));
    if (isThreadLocation(location)) return new Block(ThreadBlock.attach(location));
    throw new DecodeError("Cannot read a shared object: its location is malformed.");
  }

  /** @throws StateError when it is not mapped. */
  get location(): Location {
    const { location } = this.#memory;
    if (location === undefined) throw new StateError("Cannot name a block to those who do not hold it: it is not mapped.");
    return location;
  }

  get segment(): number | undefined {
    return this.#memory.segment;
  }

  get memory(): ArrayBufferLike {
    return this.#memory.memory;
  }

  get buffer(): ArrayBufferLike {
    return this.#memory.buffer;
  }

  send(): unknown {
    return this.#memory.send();
  }

  release(): void {
    this.#memory.release();
  }
}
