/** The checks on buffers, offsets and sizes that users give. */

/** What bytes can be taken from or written to; a typed array of larger elements counts as its bytes. */
export type Bytes = ArrayBufferLike | ArrayBufferView;

/** Which part of a buffer, in bytes; by default all that follows `offset`, which is 0. */
export interface Part {
  readonly offset?: number | undefined;
  readonly size?: number | undefined;
}

/** @throws TypeError when it is no buffer. */
export function toBytes(buffer: Bytes, doing: string): Uint8Array {
  if (ArrayBuffer.isView(buffer)) return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  if (buffer instanceof ArrayBuffer || buffer instanceof SharedArrayBuffer) return new Uint8Array(buffer);
  throw new TypeError(`Cannot ${doing}: it takes a buffer or a typed array, not ${typeof buffer}`);
}

/** @throws RangeError when the part is not within the bytes. */
export function partOf(bytes: Uint8Array, { offset = 0, size }: Part): Uint8Array {
  checkOffset(offset, bytes.length, "send bytes");
  if (size === undefined) return bytes.subarray(offset);
  if (!Number.isInteger(size) || size < 0) throw new RangeError(`Cannot send bytes: the size ${size} is not a whole number from 0 on`);
  if (offset + size > bytes.length) {
    throw new RangeError(`Cannot send bytes: the buffer has ${bytes.length}, and offset + size is ${offset + size}`);
  }
  return bytes.subarray(offset, offset + size);
}

/** @throws RangeError when the offset is not within `length` bytes. */
export function checkOffset(offset: number, length: number, doing: string): void {
  if (Number.isInteger(offset) && offset >= 0 && offset <= length) return;
  throw new RangeError(`Cannot ${doing}: the offset ${offset} is not within the buffer, which has ${length} bytes`);
}

/** @throws TypeError when it is no number; RangeError when it is negative. */
export function checkLimit(maxLength: number): void {
  if (typeof maxLength !== "number" || Number.isNaN(maxLength)) {
    throw new TypeError(`Cannot receive bytes: maxLength must be a number of bytes, not ${String(maxLength)}`);
  }
  if (maxLength < 0) throw new RangeError(`Cannot receive bytes: maxLength is negative: ${maxLength}`);
}
