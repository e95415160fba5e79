import type { InputPiece } from "../input/input-source.js";

/** Consecutive inputs that travel together. */
export interface Chunk {
  /** The first item's place among all inputs, from 0. */
  readonly firstIndex: number;
  readonly items: readonly string[];
  readonly firstLine: number | undefined;
}

/** An input that was refused by its source, in its place. */
export interface RefusedChunk {
  readonly firstIndex: number;
  readonly name: string;
  readonly reason: string;
}

/** Inputs that were read and not yet sent. What comes back from a worker that never began it goes first. */
export class PendingInputs {
  #returned: Chunk[] = [];
  readonly #read: (Chunk | RefusedChunk)[] = [];
  /** How many items of the first batch are gone. */
  #taken = 0;
  #nextIndex = 0;
  #items = 0;
  #characters = 0;

  add(piece: InputPiece): void {
    if (piece.kind === "refused") {
      this.#read.push({ firstIndex: this.#nextIndex, name: piece.name, reason: piece.reason });
      this.#nextIndex += 1;
      this.#items += 1;
      return;
    }
    if (piece.items.length === 0) return;
    this.#read.push({ firstIndex: this.#nextIndex, items: piece.items, firstLine: piece.firstLine });
    this.#nextIndex += piece.items.length;
    this.#items += piece.items.length;
    this.#characters += charactersOf(piece.items);
  }

  putBack(chunk: Chunk): void {
    if (chunk.items.length > 0) this.#returned.push(chunk);
  }

  /** How many inputs were ever added. */
  get added(): number {
    return this.#nextIndex;
  }

  get isEmpty(): boolean {
    return this.#read.length === 0 && this.#returned.length === 0;
  }

  get hasReturned(): boolean {
    return this.#returned.length > 0;
  }

  /** Enough is here, and reading more would only cost memory. */
  get isFull(): boolean {
    return this.#items >= maxPendingItems || this.#characters >= maxPendingCharacters;
  }

  /** At most `maxItems` of them, fewer when they are long. */
  take(maxItems: number): Chunk | RefusedChunk | undefined {
    const returned = this.#returned.pop();
    if (returned !== undefined) {
      const [taken, rest] = splitChunk(returned, countWithin(returned.items, { start: 0, maxItems }));
      this.putBack(rest);
      return taken;
    }
    const first = this.#read[0];
    if (first === undefined) return undefined;
    if (!isRefused(first)) return this.#takeFrom(first, maxItems);
    this.#read.shift();
    this.#items -= 1;
    return first;
  }

  /** By a cursor: cutting the batch each time would copy it once for every item. */
  #takeFrom(first: Chunk, maxItems: number): Chunk {
    const start = this.#taken;
    const count = countWithin(first.items, { start, maxItems });
    const items = first.items.slice(start, start + count);
    const firstLine = first.firstLine === undefined ? undefined : first.firstLine + start;
    this.#taken += count;
    if (this.#taken === first.items.length) {
      this.#read.shift();
      this.#taken = 0;
    }
    this.#items -= count;
    this.#characters -= charactersOf(items);
    return { firstIndex: first.firstIndex + start, items, firstLine };
  }
}

export function isRefused(chunk: Chunk | RefusedChunk): chunk is RefusedChunk {
  return "reason" in chunk;
}

/** The first `count` items, and the others. */
export function splitChunk(chunk: Chunk, count: number): [Chunk, Chunk] {
  if (count >= chunk.items.length) return [chunk, { ...chunk, firstIndex: chunk.firstIndex + chunk.items.length, items: [] }];
  const restLine = chunk.firstLine === undefined ? undefined : chunk.firstLine + count;
  return [
    { ...chunk, items: chunk.items.slice(0, count) },
    { firstIndex: chunk.firstIndex + count, items: chunk.items.slice(count), firstLine: restLine },
  ];
}

/** At least one, however long it is. */
function countWithin(items: readonly string[], limits: { readonly start: number; readonly maxItems: number }): number {
  const end = Math.min(items.length, limits.start + limits.maxItems);
  let characters = 0;
  let index = limits.start;
  for (; index < end; index += 1) {
    characters += items[index]?.length ?? 0;
    if (characters > maxChunkCharacters && index > limits.start) break;
  }
  return index - limits.start;
}

function charactersOf(items: readonly string[]): number {
  let characters = 0;
  for (const item of items) characters += item.length;
  return characters;
}

const maxPendingItems = 50_000;
const maxPendingCharacters = 4 * 1024 * 1024;
/** A message of a megabyte costs its copying, not its trip; a larger one gains nothing. */
const maxChunkCharacters = 1024 * 1024;
