/** The chunks of a queue that this thread has mapped lately. */
import type { Extents } from "../memory/extents.js";
import { Chunk } from "./chunk.js";

/** Enough for a queue that goes round and round through its spare chunks: mapping costs as much as filling half of one. */
const mostMapped = 6;

export class Chunks {
  readonly #first: Chunk;
  readonly #extents: Extents;
  /** The one that was mapped last is the last. */
  readonly #mapped = new Map<number, Chunk>();

  constructor(first: Chunk, extents: Extents) {
    this.#first = first;
    this.#extents = extents;
  }

  /** The chunk of that number. */
  get(number: number): Chunk {
    if (number === this.#first.number) return this.#first;
    const mapped = this.#mapped.get(number) ?? new Chunk(number, this.#extents.open(number));
    this.keep(mapped);
    return mapped;
  }

  /** Keeps a chunk that was added to the chain. Not before that: its number may still become another's. */
  keep(chunk: Chunk): void {
    if (chunk === this.#first) return;
    this.#mapped.delete(chunk.number);
    this.#mapped.set(chunk.number, chunk);
    if (this.#mapped.size <= mostMapped) return;
    const [oldest] = this.#mapped.keys();
    if (oldest !== undefined) this.#mapped.delete(oldest);
  }
}
