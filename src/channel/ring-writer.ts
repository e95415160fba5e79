/** Writes frames into a ring of shared memory. `ring-layout.ts` draws it. */
import { Extents, type Draft } from "../memory/extents.js";
import type { Block } from "../memory/block.js";
import { holders } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import { Mutex } from "../memory/mutex.js";
import type { Frame } from "../wire/frames.js";
import {
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

/** A frame on its way into the ring. */
export interface Outgoing {
  /** 0 or 1: says on the other side what the frame is. */
  readonly tag: number;
  readonly kind: number;
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** The file of a large frame, once it is written. */
  draft: Draft | undefined;
}

/** So many bytes of large frames wait to be read before a writer waits, too; the first one is let through at any size. */
const maxStoredBytes = 128 * 1024 * 1024;

/** Bytes of the number of an extent. */
const numberBytes = 8;

/** Gets a frame ready for `tryWrite`. */
export function outgoing({ body, attachments }: Frame, tag = 0): Outgoing {
  if (attachments.length === 0 && body.length <= inlineBytes) {
    return { tag, kind: recordKind.body, parts: [body], sizeBytes: body.length, draft: undefined };
  }
  const sizes = [body, ...attachments].map(({ length }) => length);
  const table = new Uint8Array(Float64Array.of(sizes.length, ...sizes).buffer);
  const sizeBytes = sizes.reduce((sum, size) => sum + size, table.length);
  const kind = sizeBytes <= inlineBytes ? recordKind.parts : recordKind.stored;
  return { tag, kind, parts: [table, body, ...attachments], sizeBytes, draft: undefined };
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
  #lazyExtents: Extents | undefined;
  /** Large frames this thread wrote that have not been read, the oldest first. */
  readonly #stored: { readonly end: number; readonly sizeBytes: number }[] = [];
  #storedBytes = 0;

  /** `tell` wakes readers that announced their sleep; by default wherever they sleep on the word. */
  constructor(block: Block, ring: number, tell?: () => void) {
    this.#tell = tell ?? (() => block.words.wake(this.tellIndex, Infinity));
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
      if (!this.#mayStore(frame.sizeBytes) || !this.#hasRoom(numberBytes)) return false;
      frame.draft ??= this.#extents.draft(frame.parts);
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
  discard({ draft }: Outgoing): void {
    if (draft !== undefined) this.#extents.discard(draft);
  }

  /** Bytes this thread and others wrote that have not been read; of large frames, those of this thread. */
  get unreadBytes(): number {
    this.#forgetRead();
    const unread = Atomics.load(this.#int32, this.tellIndex) - Atomics.load(this.#int32, this.sleepIndex);
    return (unread >>> 0) + this.#storedBytes;
  }

  #append(frame: Outgoing): boolean {
    const isStored = frame.kind === recordKind.stored;
    const payloadBytes = isStored ? numberBytes : frame.sizeBytes;
    if (!this.#hasRoom(payloadBytes)) return false;
    const tail = Atomics.load(this.#int32, this.tellIndex);
    const record = (this.#data.byteOffset + (tail & (ringBytes - 1))) >>> 2;
    this.#int32[record] = payloadBytes;
    this.#int32[record + 1] = frame.kind | (frame.tag << tagShift);
    killPoint("ring.writing");
    let at = tail + recordHeaderBytes;
    for (const part of isStored ? [this.#publish(frame, tail)] : frame.parts) {
      this.#copyIn(part, at);
      at += part.length;
    }
    const end = (tail + recordBytes(payloadBytes)) | 0;
    Atomics.store(this.#int32, this.tellIndex, end);
    if (isStored) {
      this.#stored.push({ end, sizeBytes: frame.sizeBytes });
      this.#storedBytes += frame.sizeBytes;
    }
    return true;
  }

  #hasRoom(payloadBytes: number): boolean {
    const used = (Atomics.load(this.#int32, this.tellIndex) - Atomics.load(this.#int32, this.sleepIndex)) >>> 0;
    return used + recordBytes(payloadBytes) <= ringBytes;
  }

  /** Gives the draft its number, and returns that as bytes. */
  #publish(frame: Outgoing, tail: number): Uint8Array {
    const number = extentOf(this.#number, tail);
    if (frame.draft !== undefined) this.#extents.publish(frame.draft, number);
    frame.draft = undefined;
    killPoint("ring.published");
    return new Uint8Array(Float64Array.of(number).buffer);
  }

  /** Removes the extent of a writer that was killed before it moved the tail. */
  #removeUntold(): void {
    this.#extents.remove(extentOf(this.#number, Atomics.load(this.#int32, this.tellIndex)));
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
