/**
 * Messages in a stream of bytes between programs.
 *
 *     message:  tag (1 byte) │ 3 zeros │ number of attachments (u32) │ length of the body (f64) │
 *               length of each attachment (f64) │ body │ attachments
 *
 * All numbers are little-endian.
 *
 *  1. Memory for a part is made as its bytes come, at most as much again as there are already: a length alone, from whoever
 *     it comes, costs one piece.
 *  2. A part's memory is its own, and exactly as long: a value may take it over.
 */
import { DecodeError } from "../errors.js";
import type { Encoded } from "../wire/extension.js";
import type { Incoming, Tag } from "./transport.js";

const headerBytes = 16;
const lengthBytes = 8;

/** So much memory is made for a part at once. */
const pieceBytes = 1 << 20;

/** The bytes before the body. */
export function messageHeader({ body, attachments }: Encoded, tag: Tag, extraBytes = 0): Buffer {
  const size = headerBytes + lengthBytes * attachments.length;
  const header = Buffer.allocUnsafe(size + extraBytes);
  header.writeUInt32LE(tag, 0);
  header.writeUInt32LE(attachments.length, 4);
  header.writeDoubleLE(body.length, 8);
  for (const [index, attachment] of attachments.entries()) header.writeDoubleLE(attachment.length, headerBytes + lengthBytes * index);
  return header;
}

/** A message without attachments in one piece of memory, which is its own. */
export function joinedMessage(message: Encoded, tag: Tag): Buffer {
  const bytes = messageHeader(message, tag, message.body.length);
  bytes.set(message.body, headerBytes);
  return bytes;
}

/** What is being read. */
type Stage =
  | { readonly kind: "header" }
  | { readonly kind: "lengths"; readonly tag: number; readonly bodyBytes: number }
  | { readonly kind: "parts"; readonly tag: number; readonly sizes: readonly number[]; readonly parts: Uint8Array<ArrayBuffer>[] };

/** Takes the stream in chunks, and hands on each message once it is whole. */
export class MessageReader {
  readonly #onMessage: (message: Incoming) => void;
  #stage: Stage = { kind: "header" };
  #part = new GrowingPart(headerBytes);

  constructor(onMessage: (message: Incoming) => void) {
    this.#onMessage = onMessage;
  }

  /** Whether a message has begun and is not whole. */
  get isWithin(): boolean {
    return this.#stage.kind !== "header" || this.#part.filled > 0;
  }

  /** Reads on. @throws DecodeError when the bytes are no messages; then the reader is of no use any more. */
  push(chunk: Uint8Array): void {
    let position = 0;
    while (position < chunk.length) {
      position += this.#part.take(chunk.subarray(position));
      // A part of no bytes is whole before anything is read.
      while (this.#part.isWhole) this.#advance(this.#part.bytes);
    }
  }

  #advance(bytes: Uint8Array<ArrayBuffer>): void {
    const stage = this.#stage;
    if (stage.kind === "header") {
      const header = new DataView(bytes.buffer);
      const tag = header.getUint32(0, true);
      const count = header.getUint32(4, true);
      const bodyBytes = checkLength(header.getFloat64(8, true));
      if (tag > 1) throw malformed();
      if (count === 0) this.#startParts(tag, [bodyBytes]);
      else this.#start({ kind: "lengths", tag, bodyBytes }, count * lengthBytes);
    } else if (stage.kind === "lengths") {
      const lengths = new DataView(bytes.buffer);
      const sizes = [stage.bodyBytes];
      for (let at = 0; at < bytes.length; at += lengthBytes) sizes.push(checkLength(lengths.getFloat64(at, true)));
      this.#startParts(stage.tag, sizes);
    } else {
      stage.parts.push(bytes);
      const next = stage.sizes[stage.parts.length];
      if (next !== undefined) return this.#start(stage, next);
      this.#start({ kind: "header" }, headerBytes);
      const [body = new Uint8Array(0), ...attachments] = stage.parts;
      this.#onMessage({ tag: stage.tag, body, attachments });
    }
  }

  #startParts(tag: number, sizes: readonly number[]): void {
    this.#start({ kind: "parts", tag, sizes, parts: [] }, sizes[0] ?? 0);
  }

  #start(stage: Stage, sizeBytes: number): void {
    this.#stage = stage;
    this.#part = new GrowingPart(sizeBytes);
  }
}

/** A part whose length is known, and whose bytes come bit by bit. */
class GrowingPart {
  readonly #sizeBytes: number;
  #memory: Uint8Array<ArrayBuffer>;
  filled = 0;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#memory = allocate(Math.min(sizeBytes, pieceBytes));
  }

  get isWhole(): boolean {
    return this.filled === this.#sizeBytes;
  }

  /** All of it, once it is whole. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#memory;
  }

  /** Takes what belongs to it from the start of `chunk`; how many bytes that were. */
  take(chunk: Uint8Array): number {
    const count = Math.min(chunk.length, this.#sizeBytes - this.filled);
    if (this.filled + count > this.#memory.length) this.#grow(this.filled + count);
    this.#memory.set(count === chunk.length ? chunk : chunk.subarray(0, count), this.filled);
    this.filled += count;
    return count;
  }

  #grow(leastBytes: number): void {
    const grown = allocate(Math.min(this.#sizeBytes, Math.max(leastBytes, this.#memory.length * 2)));
    grown.set(this.#memory.subarray(0, this.filled));
    this.#memory = grown;
  }
}

function checkLength(length: number): number {
  if (Number.isSafeInteger(length) && length >= 0) return length;
  throw malformed();
}

/** @throws DecodeError when no memory has that size. */
function allocate(sizeBytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(sizeBytes);
  } catch (cause) {
    throw new DecodeError(`Cannot receive a message: a part of it has ${sizeBytes} bytes, more than there is memory for`, { cause });
  }
}

function malformed(): DecodeError {
  return new DecodeError("Cannot receive a message: what the other program sends is malformed");
}
