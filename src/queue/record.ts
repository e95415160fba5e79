/** Records in the memory of a chunk. */
import { recordHeaderBytes, type Chunk } from "./chunk.js";
import { toFile, type Payload } from "./payload.js";

/** Up to here, a loop in JavaScript is cheaper than a call into native code. */
const maxLoopedBytes = 24;

/** Small messages are read from here, so that taking one allocates nothing but a view. */
const scratch = new Uint8Array(4 * 1024);

export function writeHeader(chunk: Chunk, offset: number, { size, kind }: { readonly size: number; readonly kind: number }): void {
  chunk.int32[offset >> 2] = size;
  chunk.int32[(offset >> 2) + 1] = kind;
}

/** Writes a record; nobody reads it yet. */
export function writeRecord(chunk: Chunk, offset: number, { kind, parts, sizeBytes }: Payload): void {
  writeHeader(chunk, offset, { size: sizeBytes, kind });
  let at = offset + recordHeaderBytes;
  for (const part of parts) {
    if (part.length <= maxLoopedBytes) for (let index = 0; index < part.length; index++) chunk.bytes[at + index] = part[index] ?? 0;
    else chunk.bytes.set(part, at);
    at += part.length;
  }
}

/** A record as it stands in a file. */
export function fileOf(chunk: Chunk, offset: number): { readonly parts: readonly Uint8Array[] } {
  const sizeBytes = chunk.int32[offset >> 2] ?? 0;
  const kind = chunk.int32[(offset >> 2) + 1] ?? 0;
  const at = offset + recordHeaderBytes;
  return { parts: toFile({ kind, parts: [chunk.bytes.subarray(at, at + sizeBytes)], sizeBytes }) };
}

/** Some bytes of a chunk; good until the next call. */
export function copyOf({ bytes }: Chunk, at: number, sizeBytes: number): Uint8Array {
  if (sizeBytes > scratch.length) return bytes.slice(at, at + sizeBytes);
  if (sizeBytes <= maxLoopedBytes) for (let index = 0; index < sizeBytes; index++) scratch[index] = bytes[at + index] ?? 0;
  else scratch.set(bytes.subarray(at, at + sizeBytes));
  return scratch.subarray(0, sizeBytes);
}

/** The number of the extent that a record refers to. */
export function referenceAt(chunk: Chunk, offset: number): number {
  const [number = 0] = new Float64Array(chunk.bytes.slice(offset + recordHeaderBytes, offset + recordHeaderBytes + 8).buffer);
  return number;
}
