/** Frames whose large parts travel in parcels: what their record holds. `ring-layout.ts` draws it. */
import { DecodeError } from "../errors.js";
import type { Extents } from "../memory/extents.js";
import { freshBytes } from "../memory/fresh-bytes.js";
import { parcelInbox } from "../memory/parcel-inbox.js";
import { pack, packedIn, parcelFromBytes } from "../memory/parcel-stock.js";
import type { ForeignParcel, Packed, Waybill } from "../memory/parcel.js";
import { inlineBytes } from "./ring-layout.js";

/** In the table: size, owner, number, flight. */
const entryNumbers = 4;

/** A part of a frame, and what it is packed in; parts that are in nothing are among the rest. */
interface Part {
  readonly bytes: Uint8Array;
  readonly packed: Packed | undefined;
}

/** A frame that is ready to be sent. */
export interface PackedFrame {
  readonly parts: readonly Part[];
  /** The rest in a parcel of its own, when it does not fit the record. */
  readonly rest: Part | undefined;
  /** Bytes of its record's payload. */
  readonly payloadBytes: number;
}

/** The extents of a record, by their number among them. */
export interface RecordExtents {
  readonly extents: Extents;
  readonly numberOf: (index: number) => number;
}

/** Packs the rest of a frame, if it does not fit the record; `undefined` when the frame is not for parcels, or there are none. */
export function packFrame(bytes: readonly Uint8Array[]): PackedFrame | undefined {
  const parts = bytes.map((part) => ({ bytes: part, packed: packedIn(part) }));
  const loose = looseParts(parts);
  const restBytes = loose.reduce((sum, { length }) => sum + length, 0);
  const table = tableBytes(parts.length);
  if (table > inlineBytes || (loose.length === parts.length && restBytes < parcelFromBytes)) return undefined;
  if (table + restBytes <= inlineBytes) return { parts, rest: undefined, payloadBytes: table + restBytes };
  const rest = packedCopy(loose, restBytes);
  return rest && { parts, rest, payloadBytes: table };
}

/** Sends the parcels of a frame, and returns what its record holds. */
export function sendParcels({ parts, rest }: PackedFrame, { extents, numberOf }: RecordExtents): readonly Uint8Array[] {
  let index = 0;
  const entryOf = (part: Part | undefined): number[] => {
    const packed = part?.packed;
    const waybill = packed?.parcel.send(packed, extents.pathOf(numberOf(index++)));
    return [part?.bytes.length ?? 0, waybill?.owner ?? 0, waybill?.number ?? 0, waybill?.flight ?? 0];
  };
  const table = Float64Array.of(parts.length, ...entryOf(rest), ...parts.flatMap(entryOf));
  return [new Uint8Array(table.buffer), ...(rest === undefined ? looseParts(parts) : [])];
}

/** Removes the names that a writer gave before it was killed. */
export function removeNames({ extents, numberOf }: RecordExtents): void {
  for (let index = 0; extents.removeName(numberOf(index)); index++);
}

/** A part of a frame that has come: its size, and the parcel it is in, which this thread has claimed. */
interface Arrived {
  readonly sizeBytes: number;
  readonly parcel: ForeignParcel | undefined;
}

/** A frame whose parcels this thread has claimed. */
export interface ClaimedFrame {
  readonly parts: readonly Arrived[];
  readonly rest: Arrived;
  /** The rest, when it is in no parcel. */
  readonly inline: Uint8Array;
}

/** Claims the parcels of a record; `undefined` when one is lost, and with it the frame. @throws DecodeError when the record is malformed. */
export function claimParcels(payload: Uint8Array<ArrayBuffer>, { extents, numberOf }: RecordExtents): ClaimedFrame | undefined {
  const entries = readTable(payload);
  let index = 0;
  let isLost = false;
  const [rest, ...parts] = entries.map(({ sizeBytes, waybill }) => {
    if (waybill === undefined) return { sizeBytes, parcel: undefined };
    const number = numberOf(index++);
    const parcel = parcelInbox().claim(waybill, () => extents.file(number));
    extents.removeName(number);
    isLost ||= parcel === undefined;
    return { sizeBytes, parcel };
  });
  if (rest === undefined) throw malformed();
  if (isLost) giveBack([rest, ...parts]);
  return isLost ? undefined : { parts, rest, inline: payload.subarray(tableBytes(parts.length)) };
}

/** The parts of a claimed frame, each in memory of its own; the parcels go home. @throws DecodeError when the record is malformed. */
export function unpack({ parts, rest, inline }: ClaimedFrame): Uint8Array<ArrayBuffer>[] {
  const loose = rest.parcel === undefined ? inline : rest.parcel.contents(rest.sizeBytes);
  let at = 0;
  try {
    return parts.map(({ sizeBytes, parcel }) => {
      if (parcel !== undefined) return copyOf(parcel.contents(sizeBytes));
      at += sizeBytes;
      if (!(at <= loose.length)) throw malformed();
      return copyOf(loose.subarray(at - sizeBytes, at));
    });
  } finally {
    giveBack([rest, ...parts]);
    parcelInbox().trim();
  }
}

function giveBack(arrived: readonly Arrived[]): void {
  for (const { parcel } of arrived) parcel?.giveBack();
}

function packedCopy(parts: readonly Uint8Array[], sizeBytes: number): Part | undefined {
  const bytes = pack(sizeBytes);
  if (bytes === undefined) return undefined;
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, packed: packedIn(bytes) };
}

function looseParts(parts: readonly Part[]): readonly Uint8Array[] {
  return parts.filter(({ packed }) => packed === undefined).map(({ bytes }) => bytes);
}

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = freshBytes(bytes.length);
  copy.set(bytes);
  return copy;
}

/** For so many parts, and the rest. */
function tableBytes(count: number): number {
  return (1 + (count + 1) * entryNumbers) * Float64Array.BYTES_PER_ELEMENT;
}

/** The entries of the rest and of the parts. */
function readTable(payload: Uint8Array<ArrayBuffer>): readonly { readonly sizeBytes: number; readonly waybill: Waybill | undefined }[] {
  const [count = 0] = payload.length < tableBytes(0) ? [] : new Float64Array(payload.buffer, 0, 1);
  if (!Number.isInteger(count) || count < 1 || tableBytes(count) > payload.length) throw malformed();
  const table = new Float64Array(payload.buffer, 8, (count + 1) * entryNumbers);
  return Array.from({ length: count + 1 }, (_, index) => {
    const [sizeBytes = 0, owner = 0, number = 0, flight = 0] = table.subarray(index * entryNumbers, (index + 1) * entryNumbers);
    return { sizeBytes, waybill: owner === 0 ? undefined : { owner, number, flight } };
  });
}

function malformed(): DecodeError {
  return new DecodeError("Cannot read a frame: its parts are malformed.");
}
