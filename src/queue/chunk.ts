/** A chunk: a ring of records, in the queue's own segment or in an extent of it. `item-chain.ts` draws it. */

/** The memory of a chunk: the beginning of a buffer. */
interface ChunkMemory {
  readonly buffer: ArrayBufferLike;
  readonly sizeBytes: number;
}

export class Chunk {
  /** 0 for the one in the queue's own segment, else the number of its extent. */
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly int32: Int32Array;
  readonly float64: Float64Array;
  /** Where its records start and end, in bytes. */
  readonly start: number;
  readonly end: number;

  constructor(number: number, { buffer, sizeBytes }: ChunkMemory, start = 0) {
    this.number = number;
    this.bytes = new Uint8Array(buffer, 0, sizeBytes);
    this.int32 = new Int32Array(buffer, 0, Math.floor(sizeBytes / 4));
    this.float64 = new Float64Array(buffer, 0, Math.floor(sizeBytes / 8));
    this.start = start;
    this.end = sizeBytes;
  }
}

/** What a record is. */
export const recordKind = {
  /** The body of a message without attachments. */
  body: 1,
  /** A message with attachments: see `payload.ts`. */
  parts: 2,
  /** A message with its parts in an extent, whose number is here. */
  stored: 3,
  /** The next record is at the start of the chunk. */
  wrap: 4,
  /** The next record is at the start of another chunk, whose number stands in the place of the size. */
  next: 5,
  /** An item that is a number, as it is. */
  number: 6,
  /** The bytes of an item that is a Buffer. */
  buffer: 7,
} as const;

/** Added to the kind of a record that begins with a reference to the consignment of what its message names. */
export const namingFlag = 8;

export const recordHeaderBytes = 8;

/** How much of a chunk a record takes, header included. */
export function recordBytes(payloadBytes: number): number {
  return recordHeaderBytes + ((payloadBytes + 7) & ~7);
}

/** What a producer does to find room for its record. */
export type Placement = { readonly offset: number; readonly isWrapped: boolean } | "next-chunk";

/**
 * Where a record of `sizeBytes` (header included) goes in the last chunk, whose next record would be at `offset`. `head`: where
 * the first record that is not consumed is, if it is in this chunk; it may have moved on since.
 *
 * There is always room for one more header behind the last record, so that one can be left that points elsewhere.
 */
export function placeRecord(
  chunk: Pick<Chunk, "start" | "end">,
  offset: number,
  { head, sizeBytes }: { readonly head: number | undefined; readonly sizeBytes: number },
): Placement {
  const wanted = sizeBytes + recordHeaderBytes;
  const isWrapped = head !== undefined && head > offset;
  if (offset + wanted <= (isWrapped ? head : chunk.end)) return { offset, isWrapped: false };
  if (!isWrapped && head !== undefined && chunk.start + wanted <= head) return { offset: chunk.start, isWrapped: true };
  return "next-chunk";
}
