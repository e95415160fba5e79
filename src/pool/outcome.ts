/** What became of one item of `imap`: its result or its error, with the item and its index in the input. */
export type Outcome<T, R> = FulfilledOutcome<T, R> | RejectedOutcome<T>;

export interface FulfilledOutcome<T, R> {
  readonly status: "fulfilled";
  readonly index: number;
  readonly input: T;
  readonly value: R;
}

export interface RejectedOutcome<T> {
  readonly status: "rejected";
  readonly index: number;
  readonly input: T;
  readonly reason: unknown;
}

/** One item of a chunk that failed. */
export interface ItemFailure {
  /** Where in the chunk. */
  readonly index: number;
  readonly error: unknown;
}

/** What came back of a chunk: the values of the items that succeeded, in order, and the failures, by index. */
export interface ChunkResult {
  readonly values: readonly unknown[];
  readonly failures: readonly ItemFailure[];
}

/** The result of a chunk that was lost as a whole: its worker died, or it ran too long. */
export function lostChunk(length: number, error: unknown): ChunkResult {
  return { values: [], failures: Array.from({ length }, (_, index) => ({ index, error })) };
}

/** Deals the outcomes of one chunk out, item by item. */
export class ChunkOutcomes<T, R> {
  readonly #inputs: readonly T[];
  readonly #firstIndex: number;
  readonly #result: ChunkResult;
  #position = 0;
  #failuresDealt = 0;

  constructor(inputs: readonly T[], firstIndex: number, result: ChunkResult) {
    this.#inputs = inputs;
    this.#firstIndex = firstIndex;
    this.#result = result;
  }

  get isDealt(): boolean {
    return this.#position >= this.#inputs.length;
  }

  /** The next outcome; `undefined` after the last. */
  deal(): Outcome<T, R> | undefined {
    const position = this.#position;
    if (position >= this.#inputs.length) return undefined;
    this.#position += 1;
    const index = this.#firstIndex + position;
    const input = this.#inputs[position] as T;
    const failure = this.#result.failures[this.#failuresDealt];
    if (failure?.index === position) {
      this.#failuresDealt += 1;
      return { status: "rejected", index, input, reason: failure.error };
    }
    const value = this.#result.values[position - this.#failuresDealt] as R;
    return { status: "fulfilled", index, input, value };
  }
}
