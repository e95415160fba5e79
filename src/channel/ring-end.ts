/**
 * One end of a pair of rings, in one thread of those that hold it.
 *
 *     end 0: a block of its own in an arena ─┐                       ┌─ end 1: the same
 *            held by every holder of end 0   └─▶ segment: two rings ◀┘
 *
 *  1. An end is alive as long as its block is: while any thread of any process holds it, or a handle on it is on its way. The
 *     arena counts that, and reaping takes the dead out of it, so nothing here can be left behind by somebody who is killed.
 *  2. An end that is gone wrote what it wrote before that: first look whether the peer is gone, then whether the ring is empty.
 *  3. Letting go of the last hold wakes the peer. Killed before: the peer looks every `attendMs`.
 */
import { allocator, type Watch } from "../memory/allocator.js";
import { Block, type Location } from "../memory/block.js";
import type { Deadline } from "../memory/deadline.js";
import { attendMs } from "../memory/holders.js";
import { killPoint } from "../memory/kill-point.js";
import type { WordWaitOptions } from "../memory/waitable.js";
import { reap } from "../memory/reap.js";
import { segmentBytes } from "./ring-layout.js";
import { RingReader } from "./ring-reader.js";
import { RingWriter, type Outgoing } from "./ring-writer.js";

/** What an end is made of. */
export interface EndParts {
  /** 0 or 1. */
  readonly side: number;
  /** Held as long as the end is. */
  readonly own: Block;
  readonly rings: Block;
  /** The block of the other end, which this one does not hold. */
  readonly peer: Location;
}

/** What else there is to say of a wait. */
export type EndWaitOptions = Omit<WordWaitOptions, "timeout">;

/** Names an end for one process or thread that is about to receive it. */
export interface SentEnd {
  readonly side: number;
  /** As `Block.send` names it, like `rings`. */
  readonly own: unknown;
  readonly rings: unknown;
  readonly peer: Location;
}

export class RingEnd {
  readonly side: number;
  readonly own: Block;
  readonly rings: Block;
  readonly peer: Location;
  readonly writer: RingWriter;
  readonly reader: RingReader;
  readonly #peerWatch: Watch | undefined;
  #isReleased = false;

  constructor({ side, own, rings, peer }: EndParts) {
    this.side = side;
    this.own = own;
    this.rings = rings;
    this.peer = peer;
    this.writer = new RingWriter(rings, side);
    this.reader = new RingReader(rings, 1 - side);
    this.#peerWatch = allocator().watch(peer);
  }

  /** Makes both ends; this thread holds them. @throws ResourceLimitError when the machine cannot back the memory. */
  static pair(): [RingEnd, RingEnd] {
    const rings = Block.allocateMapped(segmentBytes);
    const [first, second] = [Block.allocateMapped(4), Block.allocateMapped(4)];
    return [
      new RingEnd({ side: 0, own: first, rings, peer: second.location }),
      new RingEnd({ side: 1, own: second, rings: Block.attach(rings.send()), peer: first.location }),
    ];
  }

  /** Names the end for a message that is about to be sent, and keeps it for whoever receives that. */
  send(): SentEnd {
    return { side: this.side, own: this.own.send(), rings: this.rings.send(), peer: this.peer };
  }

  /** The end that `send` named. @throws StateError when nobody holds it any more. */
  static attach({ side, own, rings, peer }: SentEnd): RingEnd {
    return new RingEnd({ side, own: Block.attach(own), rings: Block.attach(rings), peer });
  }

  /** Whether nobody holds the other end any more; somebody who was killed does until that is noticed. */
  get isPeerGone(): boolean {
    return this.#peerWatch?.isHeld() !== true;
  }

  /** Whether reading would not wait: there is a frame, or there will never be one. */
  get isReadable(): boolean {
    return !this.reader.isEmpty || this.isPeerGone || this.#isReleased;
  }

  /** Waits until `isReadable`, without blocking the event loop; false when the time is over. @throws the signal's reason. */
  async untilReadable(deadline: Deadline, options: EndWaitOptions = {}): Promise<boolean> {
    const { reader } = this;
    while (!this.isReadable) {
      const seen = reader.announceSleep();
      const slice = Math.min(attendMs, deadline.remaining);
      if (this.isReadable) return true;
      if (slice <= 0) return false;
      await this.#sleep(reader.sleepIndex, seen, { ...options, timeout: slice });
    }
    return true;
  }

  /** Waits a while for the other end to take something. */
  async untilTaken(options: EndWaitOptions): Promise<void> {
    const { writer } = this;
    const seen = writer.announceSleep();
    if (this.isPeerGone || this.#isReleased || writer.unreadBytes === 0) return;
    await this.#sleep(writer.sleepIndex, seen, { ...options, timeout: attendMs });
  }

  /** The same as `untilReadable`, blocking the thread. */
  untilReadableSync(deadline: Deadline): boolean {
    const { reader } = this;
    for (let look = 0; look < looks; look++) if (this.isReadable) return true;
    while (!this.isReadable) {
      const seen = reader.announceSleep();
      const slice = Math.min(attendMs, deadline.remaining);
      if (this.isReadable) return true;
      if (slice <= 0) return false;
      this.#sleepSync(reader.sleepIndex, seen, slice);
    }
    return true;
  }

  /**
   * Writes a frame as soon as there is room, without blocking the event loop: `"gone"` when nobody holds the other end
   * or this one was released, `"late"` when the time is over. @throws the signal's reason.
   */
  async write(frame: Outgoing, deadline: Deadline, options: EndWaitOptions = {}): Promise<"written" | "gone" | "late"> {
    const { writer } = this;
    for (;;) {
      if (this.isPeerGone || this.#isReleased) return "gone";
      const seen = writer.announceSleep();
      if (writer.tryWrite(frame)) return "written";
      const slice = Math.min(attendMs, deadline.remaining);
      if (slice <= 0) return "late";
      await this.#sleep(writer.sleepIndex, seen, { ...options, timeout: slice });
    }
  }

  /** The same as `write`, blocking the thread. */
  writeSync(frame: Outgoing, deadline: Deadline): "written" | "gone" | "late" {
    const { writer } = this;
    for (;;) {
      if (this.isPeerGone || this.#isReleased) return "gone";
      const seen = writer.announceSleep();
      if (writer.tryWrite(frame)) return "written";
      const slice = Math.min(attendMs, deadline.remaining);
      if (slice <= 0) return "late";
      this.#sleepSync(writer.sleepIndex, seen, slice);
    }
  }

  /** Looks whether holders of the other end were killed; what whoever waits does every `attendMs`. */
  attend(): void {
    reapNowAndThen();
    this.#peerWatch?.settle();
  }

  /** Lets go of the end in this thread, and ends its waits. Nothing must be written or read afterwards. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    const { words } = this.rings;
    this.own.release();
    killPoint("ring.released");
    // The peer sleeps until there is more to read, or until there is room.
    words.wake(this.writer.tellIndex, Infinity);
    words.wake(this.reader.tellIndex, Infinity);
    words.wake(this.reader.sleepIndex, Infinity);
    words.wake(this.writer.sleepIndex, Infinity);
    this.rings.release();
  }

  async #sleep(index: number, seen: number, options: WordWaitOptions): Promise<void> {
    if ((await this.rings.words.waitAsync(index, seen, options)) === "timed-out") this.attend();
  }

  #sleepSync(index: number, seen: number, timeout: number): void {
    killPoint("ring.sleeping");
    if (this.rings.words.wait(index, seen, timeout) === "timed-out") this.attend();
  }
}

/** Looks before a thread blocks: an answer is often there by then, and a sleep costs far more. */
const looks = 200;

let nextReap = 0;

/** Reaps, at most once in `attendMs` a thread, however many wait, and never for more than a small part of the time. */
function reapNowAndThen(): void {
  const start = performance.now();
  if (start < nextReap) return;
  reap();
  const spent = performance.now() - start;
  nextReap = start + Math.max(attendMs, spent * 20);
}
