/** Reads frames from a ring of shared memory. `ring-layout.ts` draws it. */
import { DecodeError } from "../errors.js";
import type { Block } from "../memory/block.js";
import { Cargo, referenceBytes } from "../memory/cargo.js";
import { Extents, ExtentReader } from "../memory/extents.js";
import { holders } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import { Mutex } from "../memory/mutex.js";
import type { Cargo as CargoOfMessage } from "../wire/extension.js";
import type { Frame } from "../wire/frames.js";
import {
  cargoFlag,
  dataStart,
  extentOf,
  headAt,
  highestFlags,
  kindMask,
  maxLoopedBytes,
  readerSleepsAt,
  readLockAt,
  recordBytes,
  recordHeaderBytes,
  recordKind,
  ringBytes,
  ringWords,
  tagShift,
  tailAt,
  writerSleepsAt,
} from "./ring-layout.js";
import { claimParcels, unpack, type ClaimedFrame } from "./ring-parcels.js";

/** A frame that was read, and the tag it was written with. */
export interface Incoming extends Frame {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly tag: number;
  /** What keeps alive what the frame names, until it has been read. */
  readonly cargo?: CargoOfMessage;
}

/** What a record says of its frame: the frame, or where it is. */
interface Taken {
  readonly tag: number;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly kind: number;
  /** Undefined for a large frame that is gone: its reader was killed. */
  readonly store: ExtentReader | ClaimedFrame | undefined;
  readonly cargo: Cargo | undefined;
}

const noAttachments: readonly Uint8Array[] = [];

export class RingReader {
  /** The index of the word on which to sleep until there is something to read. */
  readonly sleepIndex: number;
  /** The index of the word on which writers sleep. */
  readonly tellIndex: number;
  readonly #tell: () => void;
  readonly #int32: Int32Array;
  readonly #data: Uint8Array;
  readonly #at: number;
  readonly #number: number;
  readonly #lock: Mutex;
  readonly #segment: number;
  readonly #block: Block;
  #lazyExtents: Extents | undefined;

  /** `tell` wakes writers that announced their sleep; by default wherever they sleep on the word. */
  constructor(block: Block, ring: number, tell?: () => void) {
    this.#tell = tell ?? (() => block.words.wake(this.tellIndex, Infinity));
    this.#block = block;
    this.#int32 = block.words.int32;
    this.#data = new Uint8Array(block.memory, block.at * 4 + dataStart(ring), ringBytes);
    this.#at = block.at + ring * ringWords;
    this.#number = ring;
    this.sleepIndex = this.#at + tailAt;
    this.tellIndex = this.#at + headAt;
    this.#lock = new Mutex(block.words, this.#at + readLockAt, holders());
    this.#segment = block.segment ?? 0;
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#int32, this.tellIndex) === Atomics.load(this.#int32, this.sleepIndex);
  }

  /** Takes the next frame; `undefined` when there is none. @throws DecodeError when the ring holds something else. */
  tryRead(): Incoming | undefined {
    while (!this.isEmpty) {
      this.#lock.acquireSync(undefined);
      let taken: Taken | undefined;
      try {
        taken = this.#take();
      } finally {
        this.#lock.release();
      }
      if (taken === undefined) return undefined;
      this.#wakeWriters();
      if (taken.kind === recordKind.body && taken.cargo === undefined) {
        return { tag: taken.tag, body: taken.payload, attachments: noAttachments };
      }
      const frame = frameOf(taken);
      if (frame !== undefined) return frame;
    }
    return undefined;
  }

  /** Announces that the caller is about to sleep, and returns the value of the word it is to sleep on. Look again after it. */
  announceSleep(): number {
    Atomics.store(this.#int32, this.#at + readerSleepsAt, 1);
    return Atomics.load(this.#int32, this.sleepIndex);
  }

  #take(): Taken | undefined {
    const head = Atomics.load(this.#int32, this.tellIndex);
    const used = (Atomics.load(this.#int32, this.sleepIndex) - head) >>> 0;
    if (used === 0) return undefined;
    const record = (this.#data.byteOffset + (head & (ringBytes - 1))) >>> 2;
    const payloadBytes = (this.#int32[record] ?? 0) >>> 0;
    const flags = this.#int32[record + 1] ?? 0;
    const kind = flags & kindMask;
    const isNaming = (flags & cargoFlag) !== 0;
    const before = isNaming ? referenceBytes : 0;
    if (used > ringBytes || recordBytes(payloadBytes) > used || flags >>> 0 > highestFlags || payloadBytes < before) {
      throw new DecodeError("Cannot read a frame: the shared memory of the connection holds something else.");
    }
    const payload = this.#copyOut(head + recordHeaderBytes + before, payloadBytes - before);
    const store = this.#takeStored(kind, payload, head);
    const cargo = isNaming ? this.#claim(head) : undefined;
    killPoint("ring.reading");
    Atomics.store(this.#int32, this.tellIndex, (head + recordBytes(payloadBytes)) | 0);
    cargo?.unload();
    return { tag: (flags >>> tagShift) & 1, payload, kind, store, cargo };
  }

  #claim(head: number): Cargo | undefined {
    const [reference = 0] = new Int32Array(this.#copyOut(head + recordHeaderBytes, referenceBytes).buffer);
    return Cargo.claim(reference, { carrier: this.#block.location, number: head });
  }

  /** Takes what a large frame is in, so that no other reader does. */
  #takeStored(kind: number, payload: Uint8Array<ArrayBuffer>, head: number): ExtentReader | ClaimedFrame | undefined {
    if (kind === recordKind.stored) return this.#extents.take(new Float64Array(payload.buffer)[0] ?? 0);
    if (kind !== recordKind.parcels) return undefined;
    return claimParcels(payload, { extents: this.#extents, numberOf: (index) => extentOf(this.#number, head, index) });
  }

  #wakeWriters(): void {
    killPoint("ring.read");
    const flag = this.#at + writerSleepsAt;
    if (Atomics.load(this.#int32, flag) === 0) return;
    const head = Atomics.load(this.#int32, this.tellIndex);
    const used = (Atomics.load(this.#int32, this.sleepIndex) - head) >>> 0;
    if (used <= ringBytes / 2 && Atomics.exchange(this.#int32, flag, 0) !== 0) this.#tell();
  }

  #copyOut(position: number, sizeBytes: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(sizeBytes);
    const start = position & (ringBytes - 1);
    const first = Math.min(sizeBytes, ringBytes - start);
    if (sizeBytes <= maxLoopedBytes && first === sizeBytes) {
      for (let index = 0; index < sizeBytes; index++) bytes[index] = this.#data[start + index] ?? 0;
      return bytes;
    }
    bytes.set(this.#data.subarray(start, start + first));
    if (first < sizeBytes) bytes.set(this.#data.subarray(0, sizeBytes - first), first);
    return bytes;
  }

  get #extents(): Extents {
    return (this.#lazyExtents ??= new Extents(this.#segment));
  }
}

/** The frame of a record; `undefined` when it is gone. */
function frameOf({ tag, kind, payload, store, cargo }: Taken): Incoming | undefined {
  let parts: Pick<Incoming, "body" | "attachments"> | undefined;
  if (kind === recordKind.body) parts = { body: payload, attachments: noAttachments };
  else if (kind === recordKind.parts) parts = readParts(piecesOf(payload));
  else if (store !== undefined) parts = readStored(store);
  if (parts === undefined) cargo?.release();
  return parts && (cargo === undefined ? { tag, ...parts } : { tag, ...parts, cargo });
}

function readStored(store: ExtentReader | ClaimedFrame): Omit<Incoming, "tag"> {
  if (!(store instanceof ExtentReader)) {
    const [body = new Uint8Array(0), ...attachments] = unpack(store);
    return { body, attachments };
  }
  try {
    return readParts((sizeBytes) => store.next(sizeBytes));
  } finally {
    store.close();
  }
}

/** Reads the parts that stand one after the other; `next` returns as many bytes as it is asked for, in memory of their own. */
function readParts(next: (sizeBytes: number) => Uint8Array<ArrayBuffer>): Omit<Incoming, "tag"> {
  const [count = 0] = new Float64Array(next(8).buffer);
  if (!Number.isInteger(count) || count < 1) throw new DecodeError("Cannot read a frame: its parts are malformed.");
  const [bodyBytes = 0, ...sizes] = new Float64Array(next(8 * count).buffer);
  const body = next(bodyBytes);
  return { body, attachments: sizes.map(next) };
}

function piecesOf(payload: Uint8Array<ArrayBuffer>): (sizeBytes: number) => Uint8Array<ArrayBuffer> {
  let position = 0;
  return (sizeBytes) => {
    if (!(sizeBytes >= 0 && position + sizeBytes <= payload.length)) {
      throw new DecodeError("Cannot read a frame: its parts are malformed.");
    }
    position += sizeBytes;
    return payload.slice(position - sizeBytes, position);
  };
}
