/** Writes frames into a ring of shared memory. `ring-layout.ts` draws it. */
import { Extents, type Draft } from "../memory/extents.js";
import { allocator } from "../memory/allocator.js";
import type { Block } from "../memory/block.js";
import { cargoOf, referenceBytes, type Cargo } from "../memory/cargo.js";
import { holders } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import { Mutex } from "../memory/mutex.js";
import type { Encoded } from "../wire/extension.js";
import {
  cargoFlag,
  dataStart,
  extentOf,
  headAt,
  inlineBytes,
  maxLoopedBytes,
  readerSleepsAt,
  recordBytes,
  recordHeaderBytes,
  recordKind,
  ringBytes,
  ringWords,
  tagShift,
  tailAt,
  writeLockAt,
  writerSleepsAt,
} from "./ring-layout.js";
import { packFrame, removeNames, sendParcels, type PackedFrame, type RecordExtents } from "./ring-parcels.js";

/** A frame on its way into the ring. */
export interface Outgoing {
  /** 0 or 1: says on the other side what the frame is. */
  readonly tag: number;
  readonly kind: number;
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** What keeps alive what the frame names; it goes along. */
  readonly cargo: Cargo | undefined;
  /** What a large frame is in, once it has been copied there: parcels, or a file of its own. */
  store: Store | undefined;
}

type Store =
  | { readonly kind: typeof recordKind.parcels; readonly frame: PackedFrame }
  | { readonly kind: typeof recordKind.stored; readonly draft: Draft };

/** So many bytes of large frames wait to be read before a writer waits, too; the first one is let through at any size. */
const maxStoredBytes = 128 * 1024 * 1024;

/** Bytes of the number of an extent. */
const numberBytes = 8;

/** Gets a frame ready for `tryWrite`. */
export function outgoing(message: Encoded, tag = 0): Outgoing {
  const { body, attachments } = message;
  const cargo = cargoOf(message);
  if (attachments.length === 0 && body.length <= inlineBytes) {
    return { tag, kind: recordKind.body, parts: [body], sizeBytes: body.length, cargo, store: undefined };
  }
  const sizes = [body, ...attachments].map(({ length }) => length);
  const table = new Uint8Array(Float64Array.of(sizes.length, ...sizes).buffer);
  const sizeBytes = sizes.reduce((sum, size) => sum + size, table.length);
  const kind = sizeBytes <= inlineBytes ? recordKind.parts : recordKind.stored;
  return { tag, kind, parts: [table, body, ...attachments], sizeBytes, cargo, store: undefined };
}

export class RingWriter {
  /** The index of the word on which to sleep until there is room. */
  readonly sleepIndex: number;
  /** The index of the word on which readers sleep. */
  readonly tellIndex: number;
  readonly #tell: () => void;
  readonly #int32: Int32Array;
  readonly #data: Uint8Array;
  readonly #at: number;
  readonly #number: number;
  readonly #lock: Mutex;
  readonly #segment: number;
  readonly #block: Block;
  #isCarrier = false;
  #lazyExtents: Extents | undefined;
  /** Large frames this thread wrote that have not been read, the oldest first. */
  readonly #stored: { readonly end: number; readonly sizeBytes: number }[] = [];
  #storedBytes = 0;

  /** `tell` wakes readers that announced their sleep; by default wherever they sleep on the word. */
  constructor(block: Block, ring: number, tell?: () => void) {
    this.#tell = tell ?? (() => block.words.wake(this.tellIndex, Infinity));
    this.#block = block;
    this.#int32 = block.words.int32;
    this.#data = new Uint8Array(block.memory, block.at * 4 + dataStart(ring), ringBytes);
    this.#at = block.at + ring * ringWords;
    this.#number = ring;
    this.sleepIndex = this.#at + headAt;
    this.tellIndex = this.#at + tailAt;
    this.#lock = new Mutex(block.words, this.#at + writeLockAt, holders());
    this.#segment = block.segment ?? 0;
  }

  /** Writes a frame if there is room, and wakes whoever waits for it. @throws ResourceLimitError when the machine cannot back a large one. */
  tryWrite(frame: Outgoing): boolean {
    if (frame.kind === recordKind.stored) {
      if (!this.#mayStore(frame.sizeBytes) || !this.#hasRoom(payloadBytesOf(frame))) return false;
      frame.store ??= this.#store(frame);
      killPoint("ring.drafted");
    }
    if (this.#lock.acquireSync(undefined) === "abandoned") this.#removeUntold();
    const isWritten = this.#append(frame);
    this.#lock.release();
    if (!isWritten) return false;
    killPoint("ring.written");
    const flag = this.#at + readerSleepsAt;
    if (Atomics.load(this.#int32, flag) !== 0 && Atomics.exchange(this.#int32, flag, 0) !== 0) {
      killPoint("ring.waking");
      this.#tell();
    }
    return true;
  }

  /** Announces that the caller is about to sleep, and returns the value of the word it is to sleep on. Look again after it. */
  announceSleep(): number {
    Atomics.store(this.#int32, this.#at + writerSleepsAt, 1);
    return Atomics.load(this.#int32, this.sleepIndex);
  }

  /** Lets go of a frame that will not be written. */
  discard({ store }: Outgoing): void {
    if (store?.kind === recordKind.stored) this.#extents.discard(store.draft);
  }

  /** Bytes this thread and others wrote that have not been read; of large frames, those of this thread. */
  get unreadBytes(): number {
    this.#forgetRead();
    const unread = Atomics.load(this.#int32, this.tellIndex) - Atomics.load(this.#int32, this.sleepIndex);
    return (unread >>> 0) + this.#storedBytes;
  }

  #append(frame: Outgoing): boolean {
    const payloadBytes = payloadBytesOf(frame);
    if (!this.#hasRoom(payloadBytes)) return false;
    const tail = Atomics.load(this.#int32, this.tellIndex);
    const record = (this.#data.byteOffset + (tail & (ringBytes - 1))) >>> 2;
    this.#int32[record] = payloadBytes;
    this.#int32[record + 1] = (frame.store?.kind ?? frame.kind) | (frame.tag << tagShift) | (frame.cargo === undefined ? 0 : cargoFlag);
    killPoint("ring.writing");
    let at = tail + recordHeaderBytes;
    if (frame.cargo !== undefined) {
      this.#copyIn(new Uint8Array(Int32Array.of(frame.cargo.reference, 0).buffer), at);
      at += referenceBytes;
    }
    for (const part of frame.store === undefined ? frame.parts : this.#publish(frame.store, tail)) {
      this.#copyIn(part, at);
      at += part.length;
    }
    const end = (tail + recordBytes(payloadBytes)) | 0;
    if (frame.cargo !== undefined) this.#load(frame.cargo, tail);
    Atomics.store(this.#int32, this.tellIndex, end);
    frame.cargo?.release();
    if (frame.store !== undefined) {
      frame.store = undefined;
      this.#stored.push({ end, sizeBytes: frame.sizeBytes });
      this.#storedBytes += frame.sizeBytes;
    }
    return true;
  }

  #load(cargo: Cargo, number: number): void {
    const { location: carrier, at } = this.#block;
    if (!this.#isCarrier) allocator().consignments.markCarrier(carrier);
    this.#isCarrier = true;
    cargo.load({ carrier, takenWord: this.sleepIndex - at, putWord: this.tellIndex - at, number });
  }

  #hasRoom(payloadBytes: number): boolean {
    const used = (Atomics.load(this.#int32, this.tellIndex) - Atomics.load(this.#int32, this.sleepIndex)) >>> 0;
    return used + recordBytes(payloadBytes) <= ringBytes;
  }

  /** Copies a large frame to where it will be read. */
  #store(frame: Outgoing): Store {
    const [, ...parts] = frame.parts;
    const packed = packFrame(parts);
    if (packed !== undefined) return { kind: recordKind.parcels, frame: packed };
    return { kind: recordKind.stored, draft: this.#extents.draft(frame.parts) };
  }

  /** Gives what a large frame is in its names, and returns what the record holds. */
  #publish(store: Store, tail: number): readonly Uint8Array[] {
    if (store.kind === recordKind.parcels) return sendParcels(store.frame, this.#extentsAt(tail));
    const number = extentOf(this.#number, tail);
    this.#extents.publish(store.draft, number);
    killPoint("ring.published");
    return [new Uint8Array(Float64Array.of(number).buffer)];
  }

  /** Removes the extents of a writer that was killed before it moved the tail. */
  #removeUntold(): void {
    removeNames(this.#extentsAt(Atomics.load(this.#int32, this.tellIndex)));
  }

  #extentsAt(position: number): RecordExtents {
    return { extents: this.#extents, numberOf: (index) => extentOf(this.#number, position, index) };
  }

  #copyIn(part: Uint8Array, position: number): void {
    const start = position & (ringBytes - 1);
    const first = Math.min(part.length, ringBytes - start);
    if (part.length <= maxLoopedBytes && first === part.length) {
      for (let index = 0; index < first; index++) this.#data[start + index] = part[index] ?? 0;
      return;
    }
    this.#data.set(first === part.length ? part : part.subarray(0, first), start);
    if (first < part.length) this.#data.set(part.subarray(first), 0);
  }

  #mayStore(sizeBytes: number): boolean {
    if (this.#storedBytes + sizeBytes <= maxStoredBytes) return true;
    this.#forgetRead();
    return this.#storedBytes === 0 || this.#storedBytes + sizeBytes <= maxStoredBytes;
  }

  #forgetRead(): void {
    const head = Atomics.load(this.#int32, this.sleepIndex);
    for (let oldest = this.#stored[0]; oldest !== undefined && ((head - oldest.end) | 0) >= 0; oldest = this.#stored[0]) {
      this.#storedBytes -= oldest.sizeBytes;
      this.#stored.shift();
    }
  }

  get #extents(): Extents {
    return (this.#lazyExtents ??= new Extents(this.#segment));
  }
}

/** What a frame takes in the ring; at least that, while it is not known where a large one will be. */
function payloadBytesOf({ kind, sizeBytes, cargo, store }: Outgoing): number {
  const before = cargo === undefined ? 0 : referenceBytes;
  if (store?.kind === recordKind.parcels) return before + store.frame.payloadBytes;
  return before + (kind === recordKind.stored ? numberBytes : sizeBytes);
}
