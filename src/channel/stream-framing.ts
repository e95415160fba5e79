/** Cuts a byte stream into frames; `stream.ts` draws the layout. */
import { DecodeError } from "../errors.js";
import type { Frame } from "../wire/frames.js";

const fixedHeaderBytes = 8;
const lengthBytes = 8;
const noAttachments: readonly Uint8Array[] = [];

/** In place of the number of attachments: the body is no frame, but a word of the channel's own. */
const wordMark = 0xffff_ffff;

/** Bodies up to this many bytes are copied behind their header, for one write; above, the copy costs more than a second part. */
const joinLimit = 16 << 10;

/** The pieces of a frame, in the order in which they are written. */
export function framePieces({ body, attachments }: Frame): readonly Uint8Array[] {
  const headerBytes = fixedHeaderBytes + lengthBytes * attachments.length;
  const isJoined = attachments.length === 0 && body.byteLength <= joinLimit;
  const header = Buffer.allocUnsafe(isJoined ? headerBytes + body.byteLength : headerBytes);
  header.writeUInt32LE(body.byteLength, 0);
  header.writeUInt32LE(attachments.length, 4);
  for (const [index, attachment] of attachments.entries()) {
    header.writeDoubleLE(attachment.byteLength, fixedHeaderBytes + lengthBytes * index);
  }
  if (!isJoined) return [header, body, ...attachments];
  header.set(body, headerBytes);
  return [header];
}

/** The bytes of a word from channel to channel. */
export function wordBytes(word: string): Uint8Array {
  const body = Buffer.from(word);
  const header = Buffer.allocUnsafe(fixedHeaderBytes);
  header.writeUInt32LE(body.byteLength, 0);
  header.writeUInt32LE(wordMark, 4);
  return Buffer.concat([header, body]);
}

export interface FrameReaderOptions {
  readonly onFrame: (frame: Frame) => void;
  readonly onWord: (word: string) => void;
}

/** What is being read: the header, the lengths of the attachments, then each part into memory of just its size. */
type State =
  | { readonly kind: "header" }
  | { readonly kind: "lengths"; readonly bodyLength: number; readonly count: number }
  | { readonly kind: "parts"; readonly parts: readonly Uint8Array[]; current: number }
  | { readonly kind: "word" };

/** Takes chunks of the stream as they come and hands on each frame once it is whole. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #onWord: (word: string) => void;
  readonly #header = Buffer.allocUnsafe(fixedHeaderBytes);
  #state: State = { kind: "header" };
  /** The part being filled, and how far. */
  #target: Uint8Array = this.#header;
  #filled = 0;

  constructor({ onFrame, onWord }: FrameReaderOptions) {
    this.#onFrame = onFrame;
    this.#onWord = onWord;
  }

  /**
   * Reads on. Small frames keep the chunk's memory: it must not be written again.
   * @throws DecodeError when the bytes are no frames; what a listener throws comes through, too. The reader is of no use after that.
   */
  push(chunk: Buffer): void {
    let position = 0;
    do {
      position = this.#readWhole(chunk, position);
      const count = Math.min(chunk.length - position, this.#target.length - this.#filled);
      this.#target.set(chunk.subarray(position, position + count), this.#filled);
      this.#filled += count;
      position += count;
      // A part of no bytes is full before anything is read: hence "do", and the loop inside.
      while (this.#filled === this.#target.length) this.#advance();
    } while (position < chunk.length);
  }

  /** Takes the frames that begin and end in the chunk and have no attachments, as most do, without copying them. */
  #readWhole(chunk: Buffer, start: number): number {
    let position = start;
    if (this.#state.kind !== "header" || this.#filled > 0) return position;
    while (chunk.length - position >= fixedHeaderBytes) {
      const end = position + fixedHeaderBytes + chunk.readUInt32LE(position);
      if (end > chunk.length || chunk.readUInt32LE(position + 4) > 0) break;
      this.#onFrame({ body: chunk.subarray(position + fixedHeaderBytes, end), attachments: noAttachments });
      position = end;
    }
    return position;
  }

  #advance(): void {
    const state = this.#state;
    if (state.kind === "header") {
      this.#readLengths(this.#header.readUInt32LE(0), this.#header.readUInt32LE(4));
    } else if (state.kind === "lengths") {
      const view = new DataView(this.#target.buffer, this.#target.byteOffset);
      const lengths = Array.from({ length: state.count }, (_, index) => view.getFloat64(lengthBytes * index, true));
      this.#readParts([state.bodyLength, ...lengths]);
    } else if (state.kind === "word") {
      const word = Buffer.from(this.#target).toString();
      this.#startFrame();
      this.#onWord(word);
    } else if (state.current + 1 < state.parts.length) {
      state.current += 1;
      this.#fill(state.parts[state.current]);
    } else {
      this.#finish(state.parts);
    }
  }

  #readLengths(bodyLength: number, count: number): void {
    if (count === 0) return this.#readParts([bodyLength]);
    if (count === wordMark) {
      this.#state = { kind: "word" };
      return this.#fill(allocate(bodyLength));
    }
    this.#state = { kind: "lengths", bodyLength, count };
    this.#fill(allocate(lengthBytes * count));
  }

  #readParts(lengths: readonly number[]): void {
    const parts = lengths.map(allocate);
    this.#state = { kind: "parts", parts, current: 0 };
    this.#fill(parts[0]);
  }

  #finish(parts: readonly Uint8Array[]): void {
    const [body = new Uint8Array(0), ...attachments] = parts;
    this.#startFrame();
    this.#onFrame({ body, attachments });
  }

  #startFrame(): void {
    this.#state = { kind: "header" };
    this.#fill(this.#header);
  }

  #fill(target: Uint8Array = new Uint8Array(0)): void {
    this.#target = target;
    this.#filled = 0;
  }
}

/** @throws DecodeError when no memory has that size. */
function allocate(sizeBytes: number): Uint8Array {
  try {
    return Buffer.allocUnsafeSlow(sizeBytes);
  } catch (cause) {
    throw new DecodeError(`Cannot read a frame: a part of it has ${sizeBytes} bytes`, { cause });
  }
}
