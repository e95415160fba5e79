/**
 * A channel over two rings in shared memory: between processes and threads. `ring-layout.ts` draws the rings, `ring-end.ts` says
 * how an end is known to be dead.
 *
 *     tag 0   a frame
 *     tag 1   no more frames; the receiver sends what it has queued, and lets go of its end
 *
 *     open ──close──▶ closing: queued frames, then tag 1, are written; frames still come
 *      │                 └── the peer lets go of its end ──▶ closed
 *      ├──tag 1 came──▶ closing: queued frames are written ──▶ closed
 *      ├──the peer died: its frames that are there are delivered ──▶ closed
 *      └──destroy, or no frame came──▶ closed
 *
 *  1. An end that is let go of is the end of the file for the other one, whoever let go: `close`, `destroy`, or a kill.
 *  2. What does not fit the ring is queued here, and written when there is room: `send` never waits.
 */
import { ClosedError, DecodeError } from "../errors.js";
import { Deadline } from "../memory/deadline.js";
import type { Channel, ChannelListener, Frame } from "./channel.js";
import type { Incoming } from "./ring-reader.js";
import type { RingEnd } from "./ring-end.js";
import { outgoing, type Outgoing } from "./ring-writer.js";

const tags = { frame: 0, noMore: 1 } as const;
/** Above this many bytes on the way, `drained` waits. */
const highWaterBytes = 1 << 20;
/** So many frames are delivered before the event loop turns. */
const framesBetween = 64;
/** The longest delay a timer takes, in milliseconds. */
const longestDelay = 0x7fff_ffff;

const never = new Deadline(undefined, "wait");
/** The channel keeps the event loop alive itself, as long as it is to. */
const inBackground = { isBackground: true } as const;

export class RingChannel implements Channel {
  readonly #end: RingEnd;
  readonly #queue: Outgoing[] = [];
  readonly #keepAlive = setInterval(() => {}, longestDelay);
  readonly #closed: Promise<void>;
  #resolveClosed: () => void = () => {};
  #queuedBytes = 0;
  #writing: Promise<void> | undefined;
  #isReading = false;
  #isOpen = true;
  #isEnded = false;
  #peerLeftUnread = false;
  #error: Error | undefined;
  #listener: ChannelListener | undefined;

  /** The channel owns the end, which no other channel or thread may use. */
  constructor(end: RingEnd) {
    this.#end = end;
    this.#closed = new Promise((resolve) => (this.#resolveClosed = resolve));
  }

  get bufferedBytes(): number {
    return this.#isEnded ? 0 : this.#queuedBytes + this.#end.writer.unreadBytes;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get peerLeftUnread(): boolean {
    return this.#peerLeftUnread;
  }

  listen(listener: ChannelListener): void {
    this.#listener = listener;
    if (this.#isEnded) process.nextTick(() => this.#announceEnd());
    else this.#startReading();
  }

  send(frame: Frame): void {
    if (!this.#isOpen || this.#end.isPeerGone) throw new ClosedError("Cannot send a frame: the channel is closed");
    this.#write(outgoing(frame, tags.frame));
  }

  async drained(): Promise<void> {
    while (!this.#isEnded && this.bufferedBytes >= highWaterBytes && !this.#end.isPeerGone) await this.#end.untilTaken(inBackground);
  }

  async close(): Promise<void> {
    if (this.#isOpen) {
      this.#isOpen = false;
      this.#write(outgoing({ body: new Uint8Array(0), attachments: [] }, tags.noMore));
      this.#startReading();
    }
    await this.#closed;
  }

  destroy(): void {
    this.#finish();
  }

  ref(): void {
    this.#keepAlive.ref();
  }

  unref(): void {
    this.#keepAlive.unref();
  }

  /** Writes a frame now, or after those that are queued. */
  #write(frame: Outgoing): void {
    if (this.#writing === undefined && this.#end.writer.tryWrite(frame)) return;
    this.#queue.push(frame);
    this.#queuedBytes += frame.sizeBytes;
    this.#writing ??= this.#writeQueued();
  }

  async #writeQueued(): Promise<void> {
    try {
      for (let frame = this.#queue[0]; frame !== undefined && !this.#isEnded; frame = this.#queue[0]) {
        if ((await this.#end.write(frame, never, inBackground)) !== "written") break;
        this.#queue.shift();
        this.#queuedBytes -= frame.sizeBytes;
      }
    } catch (error) {
      // The machine has no memory for a large frame: without it, what follows is worth nothing.
      this.#error = error instanceof Error ? error : new Error(String(error));
      this.#finish();
    }
    this.#writing = undefined;
  }

  #startReading(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#read();
  }

  /** Delivers frames until the end, then says so. */
  async #read(): Promise<void> {
    for (let count = 0; !this.#isEnded; count = (count + 1) % framesBetween) {
      await (count === framesBetween - 1 ? turn() : this.#end.untilReadable(never, inBackground));
      // Before the look into the ring: what the peer wrote before its end is there then.
      const isPeerGone = this.#end.isPeerGone;
      if (!this.#isEnded && !this.#readOne() && isPeerGone) this.#finish();
    }
  }

  /** Delivers a frame; false when there is none. */
  #readOne(): boolean {
    try {
      const frame = this.#end.reader.tryRead();
      if (frame === undefined) return false;
      if (frame.tag === tags.noMore) this.#endWithPeer();
      else this.#deliver(frame);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#error = error;
      this.#finish();
    }
    return true;
  }

  #deliver({ body, attachments }: Incoming): void {
    this.#listener?.onFrame({ body, attachments });
  }

  /** The peer sends nothing more: what is queued here is written, and this side ends, too. */
  #endWithPeer(): void {
    this.#isOpen = false;
    void (this.#writing ?? Promise.resolve()).then(() => this.#finish());
  }

  #finish(): void {
    if (this.#isEnded) return;
    this.#peerLeftUnread = this.#end.isPeerGone && (this.#queuedBytes > 0 || this.#end.writer.unreadBytes > 0);
    this.#isOpen = false;
    this.#isEnded = true;
    for (const frame of this.#queue.splice(0)) this.#end.writer.discard(frame);
    this.#queuedBytes = 0;
    clearInterval(this.#keepAlive);
    this.#end.release();
    process.nextTick(() => this.#announceEnd());
  }

  #announceEnd(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#resolveClosed();
    listener?.onClosed(this.#error);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
