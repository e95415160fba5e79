/** Cuts a byte stream into frames; `stream.ts` draws the layout. */
import type { Frame } from "../wire/frames.js";

const fixedHeaderBytes = 8;

/** The bytes that go before a frame's body. */
export function writeHeader({ body, attachments }: Frame): Buffer {
  const header = Buffer.allocUnsafe(fixedHeaderBytes + 8 * attachments.length);
  header.writeUInt32LE(body.byteLength, 0);
  header.writeUInt32LE(attachments.length, 4);
  for (const [index, attachment] of attachments.entries()) {
    header.writeDoubleLE(attachment.byteLength, fixedHeaderBytes + 8 * index);
  }
  return header;
}

/** What is being read: the header, the lengths of the attachments, then each part into memory of just its size. */
type State =
  | { readonly kind: "header" }
  | { readonly kind: "lengths"; readonly bodyLength: number; readonly count: number }
  | { readonly kind: "parts"; readonly parts: readonly Buffer<ArrayBuffer>[]; current: number };

/** Takes chunks of the stream as they come and hands on each frame once it is whole. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  #state: State = { kind: "header" };
  /** The part being filled, and how far. */
  #target = Buffer.allocUnsafe(fixedHeaderBytes);
  #filled = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    let position = 0;
    do {
      const count = Math.min(chunk.length - position, this.#target.length - this.#filled);
      chunk.copy(this.#target, this.#filled, position, position + count);
      this.#filled += count;
      position += count;
      // A part of no bytes is full before anything is read: hence "do", and the loop inside.
      while (this.#filled === this.#target.length) this.#advance();
    } while (position < chunk.length);
  }

  #advance(): void {
    const state = this.#state;
    if (state.kind === "header") {
      this.#readLengths(this.#target.readUInt32LE(0), this.#target.readUInt32LE(4));
    } else if (state.kind === "lengths") {
      const lengths = Array.from({ length: state.count }, (_, index) => this.#target.readDoubleLE(8 * index));
      this.#readParts([state.bodyLength, ...lengths]);
    } else if (state.current + 1 < state.parts.length) {
      state.current += 1;
      this.#fill(state.parts[state.current]);
    } else {
      this.#finish(state.parts);
    }
  }

  #readLengths(bodyLength: number, count: number): void {
    if (count === 0) return this.#readParts([bodyLength]);
    this.#state = { kind: "lengths", bodyLength, count };
    this.#fill(Buffer.allocUnsafe(8 * count));
  }

  #readParts(lengths: readonly number[]): void {
    const parts = lengths.map((length) => Buffer.allocUnsafeSlow(length));
    this.#state = { kind: "parts", parts, current: 0 };
    this.#fill(parts[0]);
  }

  #finish(parts: readonly Buffer<ArrayBuffer>[]): void {
    const [body = Buffer.alloc(0), ...attachments] = parts;
    this.#state = { kind: "header" };
    this.#fill(Buffer.allocUnsafe(fixedHeaderBytes));
    this.#onFrame({ body, attachments });
  }

  #fill(target: Buffer<ArrayBuffer> = Buffer.alloc(0)): void {
    this.#target = target;
    this.#filled = 0;
  }
}
