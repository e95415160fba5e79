/**
 * The short strings of a message, side by side in a section of their own, so that native code copies hundreds at a time:
 *
 *     section   block*
 *     block     varint: 2 × length + (1 when UTF-16) │ the characters, 1 or 2 bytes each
 *
 * The value says how long each string is; the strings follow each other in the order in which they are met.
 *
 * Invariants:
 *  1. No string lies across the border of two blocks.
 *  2. A decoded string may be a slice that keeps the `windowLength` characters around it alive, and never more.
 */
import { DecodeError } from "../errors.js";
import type { ByteReader } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";

/** Characters after which a block ends: enough to spread the cost of a call, and small beside the message. */
const blockLength = 16 * 1024;
/** Characters that are decoded at once: some 30 strings for one call into native code. */
const windowLength = 512;

/** What is written, for undoing what follows. */
export interface TextMark {
  readonly pending: string;
  readonly sizeBytes: number;
}

export class TextWriter {
  readonly #blocks = new ByteWriter();
  /** Joined by the engine as a rope, and flattened once. */
  #pending = "";

  add(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= blockLength) this.#flush(this.#blocks);
  }

  mark(): TextMark {
    return { pending: this.#pending, sizeBytes: this.#blocks.sizeBytes };
  }

  rewind(mark: TextMark): void {
    this.#pending = mark.pending;
    this.#blocks.rewind(mark.sizeBytes);
  }

  clear(): void {
    this.#pending = "";
    this.#blocks.restart();
  }

  /** Appends the section to `out`, and starts a new one. */
  finish(out: ByteWriter): void {
    if (this.#blocks.sizeBytes > 0) out.bytes(this.#blocks.finish());
    if (this.#pending !== "") this.#flush(out);
  }

  #flush(out: ByteWriter): void {
    const text = this.#pending;
    this.#pending = "";
    const isLatin1 = fitsLatin1(text);
    out.varint(text.length * 2 + (isLatin1 ? 0 : 1));
    if (isLatin1) out.latin1(text);
    else out.utf16(text);
  }
}

/** Up to here, a loop in JavaScript is cheaper than a call into native code. */
const maxLoopedLength = 24;

/** ASCII is told by its size in UTF-8, which native code counts many characters at a time. */
export function fitsLatin1(text: string): boolean {
  if (text.length <= maxLoopedLength) return everyUnitFits(text);
  return Buffer.byteLength(text) === text.length || !/[^\0-\xff]/.test(text);
}

function everyUnitFits(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0xff) return false;
  }
  return true;
}

export class TextReader {
  readonly #in: ByteReader;
  /** Characters of the present block that are not in the window yet. */
  #left = 0;
  #isUtf16 = false;
  #window = "";
  #position = 0;

  constructor(section: ByteReader) {
    this.#in = section;
  }

  /** The next `length` characters. @throws DecodeError when the section has fewer. */
  take(length: number): string {
    const end = this.#position + length;
    if (end > this.#window.length) return this.#takeBeyond(length);
    const text = this.#window.slice(this.#position, end);
    this.#position = end;
    return text;
  }

  /** @throws DecodeError when something is left. */
  end(): void {
    this.#in.end();
    if (this.#left > 0 || this.#position < this.#window.length) throw new DecodeError("Cannot decode a message: it has too much text");
  }

  #takeBeyond(length: number): string {
    const rest = this.#window.slice(this.#position);
    if (rest === "" && this.#left === 0) this.#nextBlock();
    const missing = length - rest.length;
    if (missing > this.#left) throw new DecodeError("Cannot decode a message: its text ends too early");
    const size = Math.min(this.#left, Math.max(missing, windowLength));
    this.#left -= size;
    this.#window = rest + (this.#isUtf16 ? this.#in.utf16(size) : this.#in.latin1(size));
    this.#position = length;
    return this.#window.slice(0, length);
  }

  #nextBlock(): void {
    const head = this.#in.varint();
    this.#isUtf16 = head % 2 === 1;
    this.#left = Math.floor(head / 2);
  }
}
