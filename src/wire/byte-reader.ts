/**
 * Reads what `ByteWriter` wrote, from bytes nobody vouches for: every read checks that its bytes are there, and every
 * length is checked against what is left before anything is allocated for it.
 */
import { DecodeError } from "../errors.js";

/** Turns eight bytes into a number without a `DataView` for every message. */
const scratch = new Float64Array(1);
const scratchBytes = new Uint8Array(scratch.buffer);

const maxCopiedBytes = 64;

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position: number;
  /** Made when the first long string is read: a view costs more than most messages. */
  #buffer: Buffer | undefined;

  /** Reads the bytes from `start` to before `end`. Reading on past `end` is noticed by `end()`, at the latest. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  byte(): number {
    const value = this.#bytes[this.#position];
    if (value === undefined) throw truncated();
    this.#position++;
    return value;
  }

  /** Whether the next byte is `value`, which is then behind us. */
  skip(value: number): boolean {
    if (this.#bytes[this.#position] !== value) return false;
    this.#position++;
    return true;
  }

  varint(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let scale = 0x80; ; scale *= 0x80) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw new DecodeError("Cannot decode a message: a number in it is too large");
      if (next < 0x80) return value;
      if (scale >= 2 ** 49) throw new DecodeError("Cannot decode a message: a number in it does not end");
    }
  }

  /** How many things of at least `leastSizeBytes` follow: never more than the rest of the message can hold. */
  count(leastSizeBytes: number): number {
    const count = this.varint();
    if (count * leastSizeBytes > this.remaining) throw truncated();
    return count;
  }

  int16(): number {
    return ((this.byte() | (this.byte() << 8)) << 16) >> 16;
  }

  int32(): number {
    return this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24);
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  float64(): number {
    const start = this.#take(8);
    for (let index = 0; index < 8; index++) scratchBytes[index] = this.#bytes[start + index] ?? 0;
    return scratch[0] ?? 0;
  }

  int8s(target: number[], length: number): void {
    const start = this.#take(length);
    for (let index = 0; index < length; index++) target.push(((this.#bytes[start + index] ?? 0) << 24) >> 24);
  }

  int16s(target: number[], length: number): void {
    const view = this.#viewOfNext(length * 2);
    for (let index = 0; index < length; index++) target.push(view.getInt16(index * 2, true));
  }

  int32s(target: number[], length: number): void {
    const view = this.#viewOfNext(length * 4);
    for (let index = 0; index < length; index++) target.push(view.getInt32(index * 4, true));
  }

  float64s(target: number[], length: number): void {
    const view = this.#viewOfNext(length * 8);
    for (let index = 0; index < length; index++) target.push(view.getFloat64(index * 8, true));
  }

  /** The next bytes: a view of them, or a copy of a few. V8 keeps a short array without a buffer, which a view would have it make. */
  bytes(sizeBytes: number): Uint8Array {
    const start = this.#take(sizeBytes);
    if (sizeBytes > maxCopiedBytes) return this.#bytes.subarray(start, start + sizeBytes);
    const copy = new Uint8Array(sizeBytes);
    for (let index = 0; index < sizeBytes; index++) copy[index] = this.#bytes[start + index] ?? 0;
    return copy;
  }

  latin1(length: number): string {
    const start = this.#take(length);
    if (length <= 12) return shortLatin1(this.#bytes, start, start + length);
    return this.#asBuffer().toString("latin1", start, start + length);
  }

  utf16(length: number): string {
    const start = this.#take(length * 2);
    return this.#asBuffer().toString("utf16le", start, start + length * 2);
  }

  text(): string {
    return this.utf16(this.count(2));
  }

  flag(): boolean {
    const value = this.byte();
    if (value > 1) throw new DecodeError("Cannot decode a message: a flag in it is neither 0 nor 1");
    return value === 1;
  }

  /** @throws DecodeError when bytes are left over. */
  end(): void {
    if (this.remaining < 0) throw truncated();
    if (this.remaining > 0) throw new DecodeError(`Cannot decode a message: it has ${this.remaining} bytes too many`);
  }

  #take(sizeBytes: number): number {
    const start = this.#position;
    if (sizeBytes > this.#end - start) throw truncated();
    this.#position = start + sizeBytes;
    return start;
  }

  #viewOfNext(sizeBytes: number): DataView {
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#take(sizeBytes), sizeBytes);
  }

  #asBuffer(): Buffer {
    this.#buffer ??= Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    return this.#buffer;
  }
}

/** For a few characters, cheaper than the call into native code. */
function shortLatin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let index = start; index < end; index++) text += String.fromCharCode(bytes[index] ?? 0);
  return text;
}

function truncated(): DecodeError {
  return new DecodeError("Cannot decode a message: it ends too early");
}
