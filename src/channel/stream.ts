/**
 * A channel over a byte stream: a socket pair between two processes.
 *
 *     frame:  body length (u32) │ number of attachments (u32) │ length of each attachment (f64) │ body │ attachments
 *
 * All numbers are little-endian. Each endpoint writes its own direction alone, so the stream needs no lock; a peer that
 * dies in the middle of a frame leaves half of it, which is dropped (invariant 4 of the channel).
 */
import type { Socket } from "node:net";
import { ClosedError } from "../errors.js";
import type { Channel, ChannelListener } from "./channel.js";
import { FrameReader, writeHeader } from "./stream-framing.js";
import type { Frame } from "../wire/frames.js";

export class StreamChannel implements Channel {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #isOpen = true;
  #error: Error | undefined;
  #listener: ChannelListener | undefined;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (!peerIsGone.has(error.code ?? "")) this.#error = error;
    });
    socket.on("drain", () => this.#releaseWaiting());
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

  listen(listener: ChannelListener): void {
    this.#listener = listener;
    const reader = new FrameReader((frame) => listener.onFrame(frame));
    this.#socket.on("data", (chunk: Buffer) => reader.push(chunk));
    if (this.#socket.closed) process.nextTick(() => this.#announceEnd());
  }

  send(frame: Frame): void {
    if (!this.#isOpen || this.#socket.destroyed) throw new ClosedError("Cannot send a frame: the channel is closed");
    const header = writeHeader(frame);
    const { body, attachments } = frame;
    if (attachments.length === 0 && body.byteLength <= joinLimit) {
      this.#socket.write(Buffer.concat([header, body]));
      return;
    }
    this.#socket.cork();
    for (const part of [header, body, ...attachments]) this.#socket.write(part);
    this.#socket.uncork();
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

/** Bodies up to this many bytes are copied behind their header, for one write; above, the copy costs more than a second part. */
const joinLimit = 16 << 10;

/** How a stream says that the process at its other end has died. */
const peerIsGone: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED", "EOF"]);
