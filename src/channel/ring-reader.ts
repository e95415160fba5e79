/** Reads frames from a ring of shared memory. `ring-layout.ts` draws it. */
import { DecodeError } from "../errors.js";
import type { Block } from "../memory/block.js";
import { Extents, ExtentReader } from "../memory/extents.js";
import { holders } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import { Mutex } from "../memory/mutex.js";
import type { Frame } from "../wire/frames.js";
import {
  dataStart,
  extentOf,
  headAt,
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
}

/** What a record says of its frame: the frame, or where it is. */
interface Taken {
  readonly tag: number;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly kind: number;
  /** Undefined for a large frame that is gone: its reader was killed. */
  readonly store: ExtentReader | ClaimedFrame | undefined;
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
  #lazyExtents: Extents | undefined;

  /** `tell` wakes writers that announced their sleep; by default wherever they sleep on the word. */
  constructor(block: Block, ring: number, tell?: () => void) {
    this.#tell = tell ?? (() => block.words.wake(this.tellIndex, Infinity));
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
      if (taken.kind === recordKind.body) return { tag: taken.tag, body: taken.payload, attachments: noAttachments };
      if (taken.kind === recordKind.parts) return { tag: taken.tag, ...readParts(piecesOf(taken.payload)) };
      if (taken.store !== undefined) return { tag: taken.tag, ...readStored(taken.store) };
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
    if (used > ringBytes || recordBytes(payloadBytes) > used || flags >>> tagShift > 1) {
      throw new DecodeError("Cannot read a frame: the shared memory of the connection holds something else.");
    }
    const payload = this.#copyOut(head + recordHeaderBytes, payloadBytes);
    const store = this.#takeStored(kind, payload, head);
    killPoint("ring.reading");
    Atomics.store(this.#int32, this.tellIndex, (head + recordBytes(payloadBytes)) | 0);
    return { tag: flags >>> tagShift, payload, kind, store };
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
