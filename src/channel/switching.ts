/**
 * The channel between two processes: it begins on a stream, and goes through rings in shared memory once that pays.
 *
 *     host                                                worker
 *      │ ── frames ──────────────────── stream ──────────▶ │   so the pair begins, and most programs never see more of it
 *      │ ◀───────────────────────────── stream ── "want" ─ │   only when the worker has a large frame first
 *      │ ── "offer", and frames ─────── stream ──────────▶ │   the worker comes to the rings meanwhile
 *      │ ◀─────────────────── frames, then "accept" ────── │   or "refuse": then both stay on the stream for good
 *      │ ◀═════════════════════════════ ring ═══ frames ══ │
 *      │ ── "ring" ──────────────────── stream ──────────▶ │   before the next frame
 *      │ ══ frames ════════════════════ ring ════════════▶ │
 *      │ ── "stream", then frames ───── stream ──────────▶ │   either side, for good: no memory for a frame, or the end
 *
 *     what a side knows of the rings:
 *        none ──enough frames, a large one, "want"──▶ preparing ──▶ ready ──next frame──▶ offered ──"accept"──▶ shared   host
 *        none ──a large frame──▶ wanted ──"offer"──▶ preparing ──▶ shared                                              worker
 *        any of them but shared ──it cannot be, or "refuse"──▶ refused
 *
 *  1. A direction changes by its sender's own word, in order with the frames. So whoever receives reads one of the two at a time:
 *     the stream until "accept" or "ring", then the ring. Nothing is sent twice, and nothing has to be taken back.
 *  2. Life and death are the stream's. At its end the ring is read to its end, too: the peer wrote that before. A killed peer
 *     is known at once, since the kernel closes the stream.
 *  3. After "stream" nothing is written to the ring any more. Whoever reads it reads the ring to its end, then the stream.
 *  4. A large frame waits for the rings, and what is sent after it behind it, until it is known whether there will be any. At a
 *     refusal, at the peer's end and at `close` all that waits goes to the stream.
 *  5. A word may be left unread by a peer that has read every frame: so only a frame at the end of the stream tells that the
 *     peer left something unread. Hence "ring" is sent with the first frame that goes there, and "offer" mostly with a frame.
 *  6. Killed anywhere: the rings are a block that both hold. The survivor lets go of it, and reaping lets go for the dead.
 */
import type { Socket } from "node:net";
import { ClosedError, DecodeError } from "../errors.js";
import { killPoint } from "../memory/kill-point.js";
import { checkReach } from "../memory/reach.js";
import type { Frame } from "../wire/frames.js";
import type { Channel, ChannelListener } from "./channel.js";
import { readWord, writeWord, type Word } from "./hand-over.js";
import type { RingOffer, RingTraffic } from "./ring-traffic.js";
import { StreamChannel } from "./stream.js";

/**
 * When it pays. The figures are in `docs/decisions/0011-rings-once-they-pay.md`; tests put others here, before the channel is made.
 */
export const pays = {
  /** The host offers rings after so many frames, of both directions together. */
  frames: 256,
  /** Or after so many bytes. */
  bytes: 32 << 20,
  /** A frame of so many bytes waits for the rings. */
  largeBytes: 1 << 20,
};

type Step = "none" | "wanted" | "preparing" | "ready" | "offered" | "shared" | "refused";
/** `back`: on the stream, for good. */
type Way = "stream" | "ring" | "back";

export class SwitchingChannel implements Channel {
  /** Resolves when the channel has ended, after its listener was told. */
  readonly closed: Promise<void>;
  readonly #stream: StreamChannel;
  readonly #side: "host" | "worker";
  #step: Step = "none";
  #traffic: RingTraffic | undefined;
  #outbound: Way = "stream";
  #inbound: Way = "stream";
  /** Frames that wait for the rings. */
  #held: Frame[] = [];
  #heldBytes = 0;
  #frames = 0;
  #bytes = 0;
  #peerWants = false;
  #isLastAFrame = false;
  #isOpen = true;
  #isListening = false;
  #isReferenced = true;
  #isOver = false;
  #peerLeftUnread = false;
  #error: Error | undefined;
  #listener: ChannelListener | undefined;
  #waiting: (() => void)[] = [];

  /** One side of a connected socket. The host's offers rings, the worker's takes them. */
  constructor(socket: Socket, side: "host" | "worker") {
    this.#stream = new StreamChannel(socket);
    this.#side = side;
    this.closed = this.#stream.closed.then(() => this.#finish(undefined));
  }

  get bufferedBytes(): number {
    return this.#stream.bufferedBytes + this.#heldBytes + (this.#traffic?.bufferedBytes ?? 0);
  }

  get isOpen(): boolean {
    return this.#isOpen && this.#stream.isOpen;
  }

  get peerLeftUnread(): boolean {
    return this.#peerLeftUnread;
  }

  listen(listener: ChannelListener): void {
    this.#listener = listener;
    if (this.#isOver) process.nextTick(() => this.#announceEnd());
    else this.#listenToStream();
  }

  send(frame: Frame): void {
    if (!this.isOpen) throw new ClosedError("Cannot send a frame: the channel is closed");
    checkReach({ sharesMemory: false }, frame);
    if (this.#outbound === "ring") this.#traffic?.send(frame);
    else this.#sendBefore(frame);
  }

  async drained(): Promise<void> {
    await this.#stream.drained();
    if (this.#held.length > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    await this.#traffic?.drained();
  }

  async close(): Promise<void> {
    if (this.#isOpen) {
      this.#returnToStream();
      this.#isOpen = false;
      this.#listenToStream();
      void this.#stream.close();
    }
    await this.closed;
  }

  destroy(): void {
    this.#isOpen = false;
    this.#inbound = "stream";
    this.#traffic?.release();
    this.#stream.destroy();
  }

  ref(): void {
    this.#isReferenced = true;
    this.#stream.ref();
  }

  unref(): void {
    this.#isReferenced = false;
    if (this.#held.length === 0) this.#stream.unref();
  }

  #listenToStream(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#stream.listen({
      onFrame: (frame) => {
        this.#count(frame);
        this.#deliver(frame);
      },
      onWord: (text) => this.#hear(readWord(text)),
      onEnd: () => {
        this.#readToEnd();
        this.#returnToStream();
        this.#isOpen = false;
      },
      onClosed: (error) => this.#finish(error),
    });
  }

  #deliver(frame: Frame): void {
    this.#listener?.onFrame(frame);
  }

  /** Whether there may be rings one day. */
  get #isUndecided(): boolean {
    return this.#step !== "shared" && this.#step !== "refused";
  }

  /** Sends a frame before the direction has changed to the ring. */
  #sendBefore(frame: Frame): void {
    const sizeBytes = this.#count(frame);
    if (this.#step === "shared" && this.#outbound === "stream") {
      this.#say({ kind: "ring" });
      killPoint("switching.ring");
      this.#outbound = "ring";
      this.#traffic?.send(frame);
    } else if (this.#held.length > 0 || (sizeBytes >= pays.largeBytes && this.#isUndecided)) {
      this.#hold(frame, sizeBytes);
    } else {
      if (this.#step === "ready") this.#offer();
      this.#sendOnStream(frame);
    }
  }

  #sendOnStream(frame: Frame): void {
    this.#isLastAFrame = true;
    this.#stream.send(frame);
  }

  #say(word: Word): void {
    this.#isLastAFrame = false;
    this.#stream.sendWord(writeWord(word));
  }

  /** Counts a frame of either direction, and says how large it is. */
  #count({ body, attachments }: Frame): number {
    let sizeBytes = body.length;
    for (const { length } of attachments) sizeBytes += length;
    if (this.#step !== "none" || this.#side === "worker") return sizeBytes;
    this.#frames += 1;
    this.#bytes += sizeBytes;
    if (this.#frames >= pays.frames || this.#bytes >= pays.bytes) this.#wantRings();
    return sizeBytes;
  }

  #hold(frame: Frame, sizeBytes: number): void {
    this.#held.push(frame);
    this.#heldBytes += sizeBytes;
    this.#stream.ref();
    this.#wantRings();
    if (this.#step === "ready") this.#offer();
  }

  #takeHeld(): Frame[] {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    if (!this.#isReferenced) this.#stream.unref();
    this.#releaseWaiting();
    return held;
  }

  #wantRings(): void {
    if (this.#step !== "none" || !this.isOpen) return;
    if (this.#side === "worker") {
      this.#step = "wanted";
      this.#say({ kind: "want" });
    } else {
      this.#step = "preparing";
      void this.#prepare(undefined);
    }
  }

  /** Makes the rings, or comes to those that were offered. What that takes is loaded now, and by few programs. */
  async #prepare(offered: RingOffer | undefined): Promise<void> {
    try {
      const { RingTraffic: Traffic } = await import("../channel/ring-traffic.js");
      if (!this.isOpen) return;
      killPoint("switching.preparing");
      const listener = {
        onFrame: (frame: Frame) => this.#deliver(frame),
        onDecodeError: (error: DecodeError) => this.#break(error),
        onRefused: () => this.#returnToStream(),
      };
      this.#traffic = offered === undefined ? Traffic.create(listener) : Traffic.attach(offered, listener);
    } catch {
      // No native calls, no memory, no room among the participants: the stream does all that is needed.
      this.#refuse();
      return;
    }
    killPoint("switching.prepared");
    if (offered !== undefined) return this.#accept(this.#traffic);
    this.#step = "ready";
    if (this.#peerWants || this.#held.length > 0) this.#offer();
  }

  #offer(): void {
    if (this.#traffic === undefined) return;
    this.#step = "offered";
    this.#say({ kind: "offer", ...this.#traffic.offer() });
    killPoint("switching.offered");
  }

  #accept(traffic: RingTraffic): void {
    this.#say({ kind: "accept", bell: traffic.bell });
    killPoint("switching.accepted");
    this.#outbound = "ring";
    this.#share();
  }

  #refuse(): void {
    if (this.#side === "worker" || this.#peerWants) this.#say({ kind: "refuse" });
    this.#giveUp();
  }

  /** Both stay on the stream. */
  #giveUp(): void {
    this.#step = "refused";
    this.#traffic?.release();
    this.#traffic = undefined;
    if (this.isOpen) this.#returnToStream();
  }

  /** Both sides have the rings. */
  #share(): void {
    this.#step = "shared";
    if (!this.isOpen) return;
    this.#listener?.onShared?.();
    if (!this.isOpen) return;
    for (const frame of this.#takeHeld()) this.send(frame);
  }

  #hear(word: Word): void {
    const step = this.#step;
    const isHost = this.#side === "host";
    if (word.kind === "want" && isHost) this.#offerWanted();
    else if (word.kind === "offer" && !isHost && (step === "none" || step === "wanted")) this.#takeOffer(word);
    else if (word.kind === "accept" && step === "offered") this.#beAccepted(word.bell);
    else if (word.kind === "refuse" && (step === "offered" || step === "wanted")) this.#giveUp();
    else if (word.kind === "ring" && !isHost && step === "shared") this.#startReading();
    else if (word.kind === "stream" && this.#inbound === "ring") this.#readToEnd();
    else throw new DecodeError(`Cannot go on with the channel: its peer said "${word.kind}" at the wrong time`);
  }

  #offerWanted(): void {
    this.#peerWants = true;
    if (this.#step === "refused") return this.#say({ kind: "refuse" });
    this.#wantRings();
    if (this.#step === "ready") this.#offer();
  }

  #takeOffer(offer: RingOffer): void {
    this.#step = "preparing";
    void this.#prepare(offer);
  }

  #beAccepted(bell: number): void {
    this.#traffic?.ringWith(bell);
    this.#share();
    this.#startReading();
  }

  #startReading(): void {
    this.#inbound = "ring";
    this.#traffic?.startReading();
  }

  #readToEnd(): void {
    if (this.#inbound === "stream") return;
    this.#traffic?.readToEnd();
    this.#inbound = "stream";
  }

  /** What waits for the rings, or for room in them, goes to the stream; so does what follows. */
  #returnToStream(): void {
    // What cannot be sent any more stays here, and tells that the peer did not read it.
    if (!this.#stream.isOpen) return;
    const frames = [...(this.#traffic?.takeQueued() ?? []), ...this.#takeHeld()];
    if (frames.length === 0) return;
    if (this.#outbound === "ring") {
      this.#say({ kind: "stream" });
      this.#outbound = "back";
      killPoint("switching.back");
    }
    for (const frame of frames) this.#sendOnStream(frame);
  }

  #break(error: DecodeError): void {
    this.#error = error;
    this.destroy();
  }

  #finish(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#readToEnd();
    this.#isOver = true;
    this.#isOpen = false;
    this.#error ??= error;
    const isOnTheWay = this.#held.length > 0 || (this.#traffic?.bufferedBytes ?? 0) > 0;
    this.#peerLeftUnread = isOnTheWay || (this.#isLastAFrame && this.#stream.peerLeftUnread);
    this.#traffic?.release();
    this.#takeHeld();
    this.#announceEnd();
  }

  #announceEnd(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onClosed(this.#error);
  }

  #releaseWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
