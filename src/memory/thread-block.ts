/**
 * A block for the threads of one process, where memory cannot be mapped: a `SharedArrayBuffer` of its own. It travels beside
 * the message that names it (`ByReference`), and the engine counts who has it, also on the way and in threads that are
 * killed: so there is nothing to allocate from, to hold or to reap.
 */
import { types } from "node:util";
import { ResourceLimitError } from "../errors.js";
import { ByReference } from "../wire/extension.js";
import type { BlockMemory } from "./block-memory.js";
import { SharedWords } from "./shared-words.js";
import { threadTable } from "./thread-table.js";

/** The block as it is sent, and as it arrives. */
interface Sent<Memory> {
  /** Tells blocks apart: a buffer that arrives twice is two objects. */
  readonly number: number;
  readonly memory: Memory;
}

/**
 * For each big block an ordinary buffer of its size, never touched and so never backed: when to collect garbage, the engine
 * decides by these, and does not count shared ones. Without them memory that nobody can reach would pile up.
 */
const ballasts = new WeakMap<SharedArrayBuffer, ArrayBuffer>();
/** Smaller blocks are outweighed by the objects around them. */
const bigBytes = 4096;

/** Elements of 8 bytes fit in, and the last word is `SharedWords`' own. */
const unitBytes = 8;

export class ThreadBlock implements BlockMemory {
  readonly words: SharedWords;
  readonly at = 0;
  readonly location = undefined;
  readonly segment = undefined;
  readonly sizeBytes: number;
  readonly key: string;
  readonly #number: number;
  readonly #memory: SharedArrayBuffer;

  private constructor({ number, memory }: Sent<SharedArrayBuffer>) {
    this.#number = number;
    this.#memory = memory;
    this.key = String(number);
    this.sizeBytes = memory.byteLength - unitBytes;
    this.words = new SharedWords(memory);
    if (memory.byteLength > bigBytes) ballasts.set(memory, new ArrayBuffer(memory.byteLength));
  }

  static allocate(sizeBytes: number): ThreadBlock {
    return new ThreadBlock({
      number: threadTable().nextBlock(),
      memory: allocated(Math.ceil(sizeBytes / unitBytes) * unitBytes + unitBytes),
    });
  }

  static attach(sent: Sent<SharedArrayBuffer>): ThreadBlock {
    return new ThreadBlock(sent);
  }

  get memory(): SharedArrayBuffer {
    return this.#memory;
  }

  get buffer(): SharedArrayBuffer {
    return this.#memory;
  }

  send(): Sent<ByReference> {
    return { number: this.#number, memory: new ByReference(this.#memory) };
  }

  /** The engine gives it back when nobody can reach it. */
  release(): void {}
}

function allocated(sizeBytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(sizeBytes);
  } catch (cause) {
    throw new ResourceLimitError(`Cannot share ${Math.ceil(sizeBytes / 1024)} KiB of memory: the machine cannot back it.`, { cause });
  }
}

export function isThreadLocation(value: unknown): value is Sent<SharedArrayBuffer> {
  return (
    typeof value === "object" &&
    value !== null &&
    "number" in value &&
    typeof value.number === "number" &&
    "memory" in value &&
    types.isSharedArrayBuffer(value.memory) &&
    value.memory.byteLength >= 2 * unitBytes
  );
}
