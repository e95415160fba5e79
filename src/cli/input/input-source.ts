/** Where inputs come from: batches of them, since ten million promises for ten million lines would cost more than the work. */

/** Consecutive inputs, as text. */
export interface InputBatch {
  readonly kind: "inputs";
  readonly items: readonly string[];
  /** The number of the first item's line, from 1; `undefined` when inputs are not lines. */
  readonly firstLine: number | undefined;
}

/** One input that never reaches a worker: it counts as a failed input, in its place. */
export interface RefusedInput {
  readonly kind: "refused";
  /** How messages name it: `line 7`. */
  readonly name: string;
  /** Why, as the end of a sentence: `it is not valid UTF-8`. */
  readonly reason: string;
}

export type InputPiece = InputBatch | RefusedInput;

/** How much there is to do: a count, a size in bytes of which a part has been read, or nobody knows. */
export type InputExtent =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "bytes"; readonly readBytes: number; readonly sizeBytes: number }
  | { readonly kind: "unknown" };

/** A source is read once. */
export interface InputSource {
  pieces(): AsyncIterable<InputPiece>;
  extent(): InputExtent;
  /** How many inputs it has given so far, refused ones included. */
  readonly given: number;
  /** Stops reading at once; a read that waits ends. */
  close(): void;
}
