/**
 * A channel over a byte stream: a socket pair between two processes.
 *
 *     frame:  body length (u32) │ number of attachments (u32) │ length of each attachment (f64) │ body │ attachments
 *
 * All numbers are little-endian. Each endpoint writes its own direction alone, so the stream needs no lock; a peer that
 * dies in the middle of a frame leaves half of it, which is dropped (invariant 4 of the channel).
 */
import type { Socket } from "node:net";
import { ClosedError, DecodeError } from "../errors.js";
import { checkReach } from "../memory/reach.js";
import type { Channel, ChannelListener } from "./channel.js";
import { framePieces, FrameReader } from "./stream-framing.js";
import type { Frame } from "../wire/frames.js";

export class StreamChannel implements Channel {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #isOpen = true;
  #peerLeftUnread = false;
  #error: Error | undefined;
  #listener: ChannelListener | undefined;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (!peerIsGone.has(error.code ?? "")) this.#error = error;
      else this.#peerLeftUnread = true;
    });
    socket.on("drain", () => this.#releaseWaiting());
    // The peer sends nothing more, so it does not read either: this side ends, too, as the socket does by itself.
    socket.once("end", () => (this.#isOpen = false));
    this.#closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#end();
        resolve();
      });
    });
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get peerLeftUnread(): boolean {
    return this.#peerLeftUnread;
  }

  listen(listener: ChannelListener): void {
    this.#listener = listener;
    const reader = new FrameReader((frame) => {
      // `destroy` may come in the middle of a chunk, from the listener itself.
      if (!this.#socket.destroyed) listener.onFrame(frame);
    });
    this.#socket.on("data", (chunk: Buffer) => this.#read(reader, chunk));
    if (this.#socket.closed) process.nextTick(() => this.#announceEnd());
  }

  send(frame: Frame): void {
    if (!this.#isOpen || this.#socket.destroyed) throw new ClosedError("Cannot send a frame: the channel is closed");
    checkReach({ sharesMemory: false }, frame);
    const pieces = framePieces(frame);
    if (pieces.length > 1) this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    if (pieces.length > 1) this.#socket.uncork();
  }

  drained(): Promise<void> {
    if (!this.#socket.writableNeedDrain || this.#socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    if (this.#isOpen) {
      this.#isOpen = false;
      // Reading goes on until the peer has ended its side, too; without a listener nobody would read that end.
      if (this.#listener === undefined) this.#socket.resume();
      this.#socket.end();
    }
    await this.#closed;
  }

  destroy(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  #read(reader: FrameReader, chunk: Buffer): void {
    try {
      reader.push(chunk);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#error = error;
      this.destroy();
    }
  }

  #end(): void {
    this.#isOpen = false;
    this.#releaseWaiting();
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

/**
 * How a stream says that the process at its other end has died, and did not read what was sent: the write failed, or the kernel
 * threw unread bytes away. A peer that had read everything just ends.
 */
const peerIsGone: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED", "EOF"]);
