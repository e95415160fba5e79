/**
 * What a record holds of an item:
 *
 *     body     the body of a message without attachments
 *     parts    how many parts, their sizes (8 bytes each), then the body, and the attachments
 *     stored   the number of an extent, in which the above is (8 bytes)
 *     number   the item itself (8 bytes)
 *     buffer   the bytes of the item
 *
 * Before that stands the reference to its consignment, if the message names shared objects (8 bytes).
 *
 * Numbers and small buffers go past the codec, which would cost more than the queue does.
 */
import { DecodeError } from "../errors.js";
import { cargoOf, referenceBytes, type Cargo } from "../memory/cargo.js";
import type { Draft, ExtentReader } from "../memory/extents.js";
import type { Encoded } from "../wire/extension.js";
import { recordKind } from "./chunk.js";

/** Larger messages go through a file of their own: copying them must not hold up others. */
export const storedFromBytes = 32 * 1024;

/** An item on its way into the queue. */
export interface Payload {
  readonly kind: number;
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** What a record of the kinds `number` and `stored` holds, instead of parts. */
  readonly number: number;
  /** What keeps alive what the item names; it goes along. */
  readonly cargo: Cargo | undefined;
}

const numberBytes = 8;
const noParts: readonly Uint8Array[] = [];

export function ofNumber(number: number): Payload {
  return { kind: recordKind.number, parts: noParts, sizeBytes: numberBytes, number, cargo: undefined };
}

export function ofBuffer(buffer: Buffer): Payload {
  return { kind: recordKind.buffer, parts: [buffer], sizeBytes: buffer.length, number: 0, cargo: undefined };
}

/** The parts of a message, as one record or one file holds them. */
export function ofMessage(message: Encoded): Payload {
  const { body, attachments } = message;
  const cargo = cargoOf(message);
  const before = cargo === undefined ? 0 : referenceBytes;
  if (attachments.length === 0) return { kind: recordKind.body, parts: [body], sizeBytes: before + body.length, number: 0, cargo };
  const sizes = [body.length, ...attachments.map(({ length }) => length)];
  const table = new Uint8Array(Float64Array.of(sizes.length, ...sizes).buffer);
  const sizeBytes = sizes.reduce((sum, size) => sum + size, before + table.length);
  return { kind: recordKind.parts, parts: [table, body, ...attachments], sizeBytes, number: 0, cargo };
}

/** The message of a record as it is written to a file, which says itself what its parts are. */
export function toFile(payload: Payload): readonly Uint8Array[] {
  if (payload.kind === recordKind.parts) return payload.parts;
  const sizeBytes = payload.parts.reduce((sum, { length }) => sum + length, 0);
  return [new Uint8Array(Float64Array.of(1, sizeBytes).buffer), ...payload.parts];
}

/** A message whose parts are in a file, which gets its number when it is put. */
export interface StoredPayload extends Payload {
  readonly draft: Draft;
  number: number;
}

export function toStored(draft: Draft, cargo: Cargo | undefined): StoredPayload {
  const sizeBytes = numberBytes + (cargo === undefined ? 0 : referenceBytes);
  return { kind: recordKind.stored, parts: noParts, sizeBytes, number: 0, cargo, draft };
}

/** Reads the parts that stand one after the other; `next` returns as many bytes as it is asked for, in memory of their own. */
export function readParts(next: (sizeBytes: number) => Uint8Array<ArrayBuffer>): Encoded {
  const [bodyBytes = 0, ...attachments] = readTable(next);
  return { body: next(bodyBytes), attachments: attachments.map(next) };
}

/** Reads the message of a file. */
export function readStored(reader: ExtentReader): Encoded {
  try {
    const message = readParts((sizeBytes) => reader.next(sizeBytes));
    return reader.cargo === undefined ? message : { ...message, cargo: reader.cargo };
  } finally {
    reader.close();
  }
}

/** Reads the body alone. */
export function readBody(reader: ExtentReader): Uint8Array {
  try {
    const [bodyBytes = 0] = readTable((sizeBytes) => reader.next(sizeBytes));
    return reader.next(bodyBytes);
  } finally {
    reader.close();
  }
}

function readTable(next: (sizeBytes: number) => Uint8Array<ArrayBuffer>): Float64Array {
  const [count = 0] = new Float64Array(next(8).buffer);
  if (!Number.isInteger(count) || count < 1) throw new DecodeError("Cannot read an item: its parts are malformed.");
  return new Float64Array(next(8 * count).buffer);
}
