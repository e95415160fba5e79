/**
 * A channel over a byte stream: a socket pair between two processes.
 *
 *     frame:  body length (u32) │ number of attachments (u32) │ length of each attachment (f64) │ body │ attachments
 *     word:   length (u32) │ 2^32 - 1 (u32) │ text; from channel to channel, in order with the frames
 *
 * All numbers are little-endian. Each endpoint writes its own direction alone, so the stream needs no lock; a peer that
 * dies in the middle of a frame leaves half of it, which is dropped (invariant 4 of the channel).
 */
import type { Socket } from "node:net";
import { ClosedError, DecodeError } from "../errors.js";
import { checkReach } from "../memory/reach.js";
import type { Channel, ChannelListener } from "./channel.js";
import { framePieces, FrameReader, wordBytes } from "./stream-framing.js";
import type { Frame } from "../wire/frames.js";

/** Who owns a stream as a part of its own channel hears more of it. */
export interface StreamListener extends ChannelListener {
  onWord?(word: string): void;
  /** The peer sends nothing more. The last call in which something can be sent. */
  onEnd?(): void;
}

export class StreamChannel implements Channel {
  /** Resolves when the channel has ended, after its listener was told. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #isOpen = true;
  #peerLeftUnread = false;
  #error: Error | undefined;
  #listener: StreamListener | undefined;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (!peerIsGone.has(error.code ?? "")) this.#error = error;
      else this.#peerLeftUnread = true;
    });
    socket.on("drain", () => this.#releaseWaiting());
    // What is to be sent at the end must be sent before this side ends, too: so not by itself.
    socket.allowHalfOpen = true;
    socket.once("end", () => this.#endWithPeer());
    this.closed = new Promise((resolve) => {
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
    return this.#isOpen && !this.#socket.destroyed;
  }

  get peerLeftUnread(): boolean {
    return this.#peerLeftUnread;
  }

  listen(listener: StreamListener): void {
    this.#listener = listener;
    const reader = new FrameReader({
      // `destroy` may come in the middle of a chunk, from the listener itself.
      onFrame: (frame) => {
        if (!this.#socket.destroyed) listener.onFrame(frame);
      },
      onWord: (word) => {
        if (!this.#socket.destroyed) listener.onWord?.(word);
      },
    });
    this.#socket.on("data", (chunk: Buffer) => this.#read(reader, chunk));
    if (this.#socket.closed) process.nextTick(() => this.#announceEnd());
  }

  send(frame: Frame): void {
    if (!this.isOpen) throw new ClosedError("Cannot send a frame: the channel is closed");
    checkReach({ sharesMemory: false }, frame);
    const pieces = framePieces(frame);
    if (pieces.length > 1) this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    if (pieces.length > 1) this.#socket.uncork();
  }

  sendWord(word: string): void {
    if (this.isOpen) this.#socket.write(wordBytes(word));
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
    await this.closed;
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

  #endWithPeer(): void {
    this.#listener?.onEnd?.();
    this.#isOpen = false;
    this.#socket.end();
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
