/** Records in the memory of a chunk. `item-chain.ts` draws them. */
import { DecodeError } from "../errors.js";
import type { Encoded } from "../wire/extension.js";
import { referenceBytes } from "../memory/cargo.js";
import { namingFlag, recordHeaderBytes, recordKind, type Chunk } from "./chunk.js";
import { readParts, type Payload } from "./payload.js";

/** What a record holds that is not in a file: the item itself when it is a number or a buffer, else its message. */
export type RecordItem = number | Buffer | Encoded;

/** Up to here, a loop in JavaScript is cheaper than a call into native code. */
const maxLoopedBytes = 24;

/** Small messages are read from here, so that taking one allocates nothing but a view. */
const scratch = new Uint8Array(4 * 1024);

/** Small buffers share memory, as those of Node do; a kept one keeps no more than this. */
const slabBytes = 64 * 1024;
const largestSlicedBytes = 4 * 1024;
let slab = Buffer.alloc(0);
let slabUsed = 0;

const noAttachments: readonly Uint8Array[] = [];

export function writeHeader(chunk: Chunk, offset: number, { size, kind }: { readonly size: number; readonly kind: number }): void {
  chunk.int32[offset >> 2] = size;
  chunk.int32[(offset >> 2) + 1] = kind;
}

/** Writes a record; nobody reads it yet. */
export function writeRecord(chunk: Chunk, offset: number, { kind, parts, sizeBytes, number, cargo }: Payload): void {
  writeHeader(chunk, offset, { size: sizeBytes, kind: cargo === undefined ? kind : kind | namingFlag });
  let at = offset + recordHeaderBytes;
  if (cargo !== undefined) {
    chunk.int32[at >> 2] = cargo.reference;
    at += referenceBytes;
  }
  if (parts.length === 0) chunk.float64[at >> 3] = number;
  for (const part of parts) {
    if (part.length <= maxLoopedBytes) for (let index = 0; index < part.length; index++) chunk.bytes[at + index] = part[index] ?? 0;
    else chunk.bytes.set(part, at);
    at += part.length;
  }
}

export function kindAt(chunk: Chunk, offset: number): number {
  return (chunk.int32[(offset >> 2) + 1] ?? 0) & ~namingFlag;
}

export function sizeAt(chunk: Chunk, offset: number): number {
  return chunk.int32[offset >> 2] ?? 0;
}

/** The number of the extent that a record refers to. */
export function extentAt(chunk: Chunk, offset: number): number {
  return chunk.float64[(offset + recordHeaderBytes + bytesBefore(chunk, offset)) >> 3] ?? 0;
}

/** The reference to the consignment of what a record's message names; `undefined` when it names nothing. */
export function cargoAt(chunk: Chunk, offset: number): number | undefined {
  return bytesBefore(chunk, offset) === 0 ? undefined : chunk.int32[(offset + recordHeaderBytes) >> 2];
}

function bytesBefore(chunk: Chunk, offset: number): number {
  return ((chunk.int32[(offset >> 2) + 1] ?? 0) & namingFlag) === 0 ? 0 : referenceBytes;
}

/** Copies out what a record holds; the body of a message is good until the next call. @throws DecodeError when it is none. */
export function readRecord(chunk: Chunk, offset: number): RecordItem {
  const before = bytesBefore(chunk, offset);
  const size = sizeAt(chunk, offset) - before;
  const at = offset + recordHeaderBytes + before;
  switch (kindAt(chunk, offset)) {
    case recordKind.number:
      return chunk.float64[at >> 3] ?? 0;
    case recordKind.buffer:
      return bufferAt(chunk, at, size);
    case recordKind.body:
      return { body: copyOf(chunk, at, size), attachments: noAttachments };
    case recordKind.parts: {
      let from = at;
      return readParts((sizeBytes) => chunk.bytes.slice(from, (from += sizeBytes)));
    }
    default:
      throw new DecodeError("Cannot take an item from a queue: its memory is damaged.");
  }
}

function bufferAt({ bytes }: Chunk, at: number, sizeBytes: number): Buffer {
  const buffer = memoryFor(sizeBytes);
  buffer.set(new Uint8Array(bytes.buffer, at, sizeBytes));
  return buffer;
}

/** As `Buffer.allocUnsafe`, out of larger pieces: it is a fifth of the cost of an item. */
function memoryFor(sizeBytes: number): Buffer {
  if (sizeBytes > largestSlicedBytes) return Buffer.allocUnsafeSlow(sizeBytes);
  if (slabUsed + sizeBytes > slab.length) {
    slab = Buffer.allocUnsafeSlow(slabBytes);
    slabUsed = 0;
  }
  const start = slabUsed;
  slabUsed += (sizeBytes + 7) & ~7;
  return Buffer.from(slab.buffer, start, sizeBytes);
}

function copyOf({ bytes }: Chunk, at: number, sizeBytes: number): Uint8Array {
  if (sizeBytes > scratch.length) return bytes.slice(at, at + sizeBytes);
  if (sizeBytes <= maxLoopedBytes) for (let index = 0; index < sizeBytes; index++) scratch[index] = bytes[at + index] ?? 0;
  else scratch.set(bytes.subarray(at, at + sizeBytes));
  return scratch.subarray(0, sizeBytes);
}
