/**
 * What a channel between two processes sends through a pair of rings (`ring-layout.ts`). Life and death are not its business:
 * the channel has a stream for that.
 *
 *     writer ── frame ──▶ ring ── frame ──▶ reader
 *        ▲                                    │
 *        └── bell: there is room again        └── before it sleeps: the flag; then the writer rings its bell
 *
 *  1. There is one writer and one reader of each ring, and both wait by their event loops alone. So whoever is to be woken is
 *     known from the beginning, and waking is one byte to its doorbell: no futex, no look for sleepers, no object for a wait.
 *  2. All rings of a thread have the one bell of that thread. When it rings, each looks at its own words.
 *  3. Nothing is looked at by the clock. A peer that was killed between its write and the bell is told by the end of the
 *     stream, after which the ring is read to its end.
 */
import { DecodeError } from "../errors.js";
import { Block } from "../memory/block.js";
import { membership, type Membership, type Ringable } from "../memory/membership.js";
import type { Frame } from "../wire/frames.js";
import { segmentBytes } from "./ring-layout.js";
import { RingReader } from "./ring-reader.js";
import { outgoing, RingWriter, type Outgoing } from "./ring-writer.js";

/** Names a pair of rings for the peer. */
export interface RingOffer {
  /** The participant whose bell the peer is to ring. */
  readonly bell: number;
  /** As `Block.send` names it. */
  readonly rings: unknown;
}

export interface TrafficListener {
  onFrame(frame: Frame): void;
  /** The ring holds what is no frame, or `onFrame` said that the frame is no message. Nothing is delivered any more. */
  onDecodeError(error: DecodeError): void;
  /** There is no memory for the next frame, and will be none: `takeQueued` gives it back, and what follows. */
  onRefused(): void;
}

interface Queued {
  readonly frame: Frame;
  readonly prepared: Outgoing;
}

/** Above this many bytes on the way, `drained` waits. */
const highWaterBytes = 1 << 20;
/** So much is delivered before the event loop turns. */
const framesBetween = 256;
const bytesBetween = 1 << 20;

export class RingTraffic implements Ringable {
  readonly #membership: Membership = membership();
  readonly #rings: Block;
  readonly #writer: RingWriter;
  readonly #reader: RingReader;
  readonly #listener: TrafficListener;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #waiting: (() => void)[] = [];
  #isReading = false;
  #isReleased = false;
  #next: NodeJS.Immediate | undefined;
  /** Whose bell is rung; nobody's until the peer has said. */
  #peer = 0;

  private constructor(rings: Block, side: number, listener: TrafficListener) {
    this.#rings = rings;
    const tell = (): void => void this.#membership.bells.ring(this.#peer);
    this.#writer = new RingWriter(rings, side, tell);
    this.#reader = new RingReader(rings, 1 - side, tell);
    this.#listener = listener;
    this.#membership.startWaiting(this);
  }

  /** Makes the rings. @throws UnsupportedError or ResourceLimitError where that cannot be. */
  static create(listener: TrafficListener): RingTraffic {
    return new RingTraffic(Block.allocateMapped(segmentBytes), 0, listener);
  }

  /** Comes to the other side of rings that were offered. @throws StateError when nobody holds them any more. */
  static attach({ bell, rings }: RingOffer, listener: TrafficListener): RingTraffic {
    const traffic = new RingTraffic(Block.attach(rings), 1, listener);
    traffic.ringWith(bell);
    return traffic;
  }

  /** The bell of this side. */
  get bell(): number {
    return this.#membership.self.id;
  }

  offer(): RingOffer {
    return { bell: this.bell, rings: this.#rings.send() };
  }

  /** Says which bell is the peer's. */
  ringWith(bell: number): void {
    this.#peer = bell;
  }

  get bufferedBytes(): number {
    return this.#isReleased ? 0 : this.#queuedBytes + this.#writer.unreadBytes;
  }

  /** Writes the frame, or queues it until there is room. */
  send(frame: Frame): void {
    const prepared = outgoing(frame);
    if (this.#queue.length === 0 && this.#tryWrite(prepared) === "written") return;
    // Room will be told by the bell, which has to keep the event loop alive meanwhile.
    if (this.#queue.push({ frame, prepared }) === 1) this.#membership.ref();
    this.#queuedBytes += prepared.sizeBytes;
    this.#writeQueued();
  }

  /** Gives back what has not been written. */
  takeQueued(): Frame[] {
    const taken = this.#queue;
    if (taken.length > 0) this.#membership.unref();
    this.#queue = [];
    this.#queuedBytes = 0;
    for (const { prepared } of taken) this.#writer.discard(prepared);
    return taken.map(({ frame }) => frame);
  }

  /** Resolves when little is on the way any more, or the rings are released. */
  drained(): Promise<void> {
    const drained = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#releaseWaiting();
    return drained;
  }

  /** Delivers what comes, from now on. */
  startReading(): void {
    this.#isReading = true;
    this.#deliver();
  }

  /** Delivers all that is there, and no more: the peer has written its last. */
  readToEnd(): void {
    while (this.#isReading && this.#deliverOne() !== undefined);
    this.#stopReading();
  }

  rung(): void {
    if (this.#isReading && this.#next === undefined) this.#deliver();
    if (this.#queue.length > 0) this.#writeQueued();
    if (this.#waiting.length > 0) this.#releaseWaiting();
  }

  /** Lets go of the rings. Nothing is written or read afterwards. */
  release(): void {
    if (this.#isReleased) return;
    this.takeQueued();
    this.#stopReading();
    this.#isReleased = true;
    this.#membership.stopWaiting(this);
    this.#releaseWaiting();
    this.#rings.release();
  }

  #writeQueued(): void {
    // Announced before the looks: room that is made after the last of them is told.
    this.#writer.announceSleep();
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const outcome = this.#tryWrite(next.prepared);
      if (outcome === "refused") this.#listener.onRefused();
      if (outcome !== "written") return;
      this.#queue.shift();
      this.#queuedBytes -= next.prepared.sizeBytes;
    }
    this.#membership.unref();
  }

  #tryWrite(frame: Outgoing): "written" | "full" | "refused" {
    try {
      return this.#writer.tryWrite(frame) ? "written" : "full";
    } catch {
      // Whatever keeps the memory from being had: the frame can go another way.
      return "refused";
    }
  }

  #deliver(): void {
    this.#next = undefined;
    let isAsleep = false;
    try {
      for (let frames = 0, bytes = 0; frames < framesBetween && bytes < bytesBetween && this.#isReading && !isAsleep; frames++) {
        const sizeBytes = this.#deliverOne();
        if (sizeBytes === undefined) isAsleep = this.#fallAsleep();
        else bytes += sizeBytes;
      }
    } finally {
      // Also when a listener has thrown.
      if (this.#isReading && !isAsleep) this.#next = setImmediate(() => this.#deliver());
    }
  }

  /** Delivers a frame, and says how large it was; `undefined` when there is none. */
  #deliverOne(): number | undefined {
    try {
      const incoming = this.#reader.tryRead();
      if (incoming === undefined) return undefined;
      this.#listener.onFrame(incoming);
      const { body, attachments } = incoming;
      return attachments.length === 0 ? body.length : attachments.reduce((sum, { length }) => sum + length, body.length);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#stopReading();
      this.#listener.onDecodeError(error);
      return undefined;
    }
  }

  /** Has the peer ring when it writes more; false when it has already. */
  #fallAsleep(): boolean {
    this.#reader.announceSleep();
    return this.#reader.isEmpty;
  }

  #stopReading(): void {
    this.#isReading = false;
    clearImmediate(this.#next);
    this.#next = undefined;
  }

  #releaseWaiting(): void {
    if (!this.#isReleased && this.bufferedBytes >= highWaterBytes) {
      this.#writer.announceSleep();
      if (this.bufferedBytes >= highWaterBytes) return;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
