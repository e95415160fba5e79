/**
 * Writes bytes into slabs that many small messages share, so that a message costs no allocation but its view.
 *
 *     slab  ├─ message 1 ─┼─ message 2 ─┼─ being written ─▶      free      ┤
 *                                       start             position
 *
 * Invariants:
 *  1. What `finish` handed out is never written again, unless it is given to `reclaim`: the next message starts behind it, or
 *     in a new slab.
 *  2. A message that outgrows its slab moves to a larger one; only its own bytes are copied.
 *  3. A message of `loneSizeBytes` or more leaves its slab for good, so a large message does not keep other ones alive.
 */

/** Fits some hundreds of small messages; an allocation of this size costs V8 about a microsecond. */
const slabSizeBytes = 64 * 1024;
const loneSizeBytes = 16 * 1024;
/** A slab with less than this left is not worth starting a message in. */
const leastRoomBytes = 512;
/** Up to here, a loop in JavaScript is cheaper than a call into native code. */
const maxLoopedLength = 24;

export class ByteWriter {
  /** Empty until the first byte is written. */
  #bytes = Buffer.alloc(0);
  #view = viewOf(this.#bytes);
  #start = 0;
  #position = 0;

  /** Bytes written since the last `finish`; a mark for `rewind`. */
  get sizeBytes(): number {
    return this.#position - this.#start;
  }

  /** Starts this message again, and lets go of memory that a large one had claimed. */
  restart(): void {
    if (this.#bytes.length > slabSizeBytes) this.#replaceSlab(slabSizeBytes);
    this.#position = this.#start;
  }

  /** Forgets everything after the first `sizeBytes` bytes of this message. */
  rewind(sizeBytes: number): void {
    this.#position = this.#start + sizeBytes;
  }

  /** Overwrites a byte that was written before, `offset` bytes into this message. */
  setByte(offset: number, value: number): void {
    this.#bytes[this.#start + offset] = value;
  }

  setUint32(offset: number, value: number): void {
    this.#view.setUint32(this.#start + offset, value, true);
  }

  /** Hands out the bytes written since the last call. */
  finish(): Uint8Array {
    const taken = new Uint8Array(this.#bytes.buffer, this.#start, this.#position - this.#start);
    if (taken.length >= loneSizeBytes || this.#bytes.length - this.#position < leastRoomBytes) this.#replaceSlab(slabSizeBytes);
    else this.#start = this.#position;
    return taken;
  }

  /** Takes the last message back whose bytes nobody needs any more, so that the next one is written in its place. */
  reclaim(taken: Uint8Array): void {
    const isLast = taken.buffer === this.#bytes.buffer && taken.byteOffset + taken.length === this.#start;
    if (isLast && this.#position === this.#start) this.#start = this.#position = taken.byteOffset;
  }

  byte(value: number): void {
    if (this.#position === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#position++] = value;
  }

  /** A non-negative safe integer, seven bits a byte, lowest first. */
  varint(value: number): void {
    if (this.#bytes.length - this.#position < 8) this.#grow(8);
    while (value >= 0x80) {
      this.#bytes[this.#position++] = (value & 0x7f) | 0x80;
      value = value < 0x80000000 ? value >>> 7 : Math.floor(value / 0x80);
    }
    this.#bytes[this.#position++] = value;
  }

  int16(value: number): void {
    this.#reserve(2);
    this.#view.setInt16(this.#position, value, true);
    this.#position += 2;
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.#position, value, true);
    this.#position += 4;
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#position, value, true);
    this.#position += 8;
  }

  int8s(numbers: readonly number[]): void {
    const position = this.#advance(numbers.length);
    for (let index = 0; index < numbers.length; index++) this.#bytes[position + index] = numbers[index] ?? 0;
  }

  int16s(numbers: readonly number[]): void {
    const position = this.#advance(numbers.length * 2);
    for (let index = 0; index < numbers.length; index++) this.#view.setInt16(position + index * 2, numbers[index] ?? 0, true);
  }

  int32s(numbers: readonly number[]): void {
    const position = this.#advance(numbers.length * 4);
    for (let index = 0; index < numbers.length; index++) this.#view.setInt32(position + index * 4, numbers[index] ?? 0, true);
  }

  float64s(numbers: readonly number[]): void {
    const position = this.#advance(numbers.length * 8);
    for (let index = 0; index < numbers.length; index++) this.#view.setFloat64(position + index * 8, numbers[index] ?? 0, true);
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    if (source.length <= maxLoopedLength) {
      for (let index = 0; index < source.length; index++) this.#bytes[this.#position + index] = source[index] ?? 0;
    } else {
      this.#bytes.set(source, this.#position);
    }
    this.#position += source.length;
  }

  /** One byte a character; the caller knows that each fits. */
  latin1(text: string): void {
    this.#reserve(text.length);
    if (text.length <= maxLoopedLength) {
      for (let index = 0; index < text.length; index++) this.#bytes[this.#position++] = text.charCodeAt(index);
    } else {
      this.#position += this.#bytes.write(text, this.#position, "latin1");
    }
  }

  /** Two bytes a code unit, so that lone surrogates survive. */
  utf16(text: string): void {
    this.#reserve(text.length * 2);
    this.#position += this.#bytes.write(text, this.#position, "utf16le");
  }

  /** The number of code units, then as `utf16`: for names that are not worth a shorter form. */
  text(text: string): void {
    this.varint(text.length);
    this.utf16(text);
  }

  /** Makes room for `sizeBytes`, and returns where they start. */
  #advance(sizeBytes: number): number {
    this.#reserve(sizeBytes);
    const position = this.#position;
    this.#position = position + sizeBytes;
    return position;
  }

  #reserve(sizeBytes: number): void {
    if (this.#bytes.length - this.#position < sizeBytes) this.#grow(sizeBytes);
  }

  #grow(sizeBytes: number): void {
    const written = this.#bytes.subarray(this.#start, this.#position);
    this.#replaceSlab(Math.max(slabSizeBytes, 2 * (written.length + sizeBytes)));
    this.#bytes.set(written);
    this.#position = written.length;
  }

  #replaceSlab(sizeBytes: number): void {
    this.#bytes = Buffer.allocUnsafeSlow(sizeBytes);
    this.#view = viewOf(this.#bytes);
    this.#start = 0;
    this.#position = 0;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
