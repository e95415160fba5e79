/**
 * A channel over a `MessagePort`: to a thread.
 *
 *     message:  { body, attachments }   a frame; the memory moves where nobody else uses it
 *                                       and is shared where it goes by reference
 *               number                  bytes of frames the receiver has taken: the sender's credit
 *               null                    no more frames; the receiver closes the port
 *
 * A port has no back-pressure of its own, so each side counts what it sent and what the other says it has taken.
 */
import type { MessagePort } from "node:worker_threads";
import { ClosedError, DecodeError } from "../errors.js";
import { isByReference } from "../wire/extension.js";
import type { Channel, ChannelListener, Frame } from "./channel.js";

export class PortChannel implements Channel {
  /** A port does not tell. */
  readonly peerLeftUnread = false;
  readonly #port: MessagePort;
  readonly #closed: Promise<void>;
  #isOpen = true;
  #isDestroyed = false;
  #error: Error | undefined;
  #listener: ChannelListener | undefined;
  #sentBytes = 0;
  #acknowledgedBytes = 0;
  #receivedBytes = 0;
  #waiting: (() => void)[] = [];

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("messageerror", (error) => (this.#error = error));
    this.#closed = new Promise((resolve) => {
      port.once("close", () => {
        this.#end();
        resolve();
      });
    });
  }

  get bufferedBytes(): number {
    return this.#sentBytes - this.#acknowledgedBytes;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  listen(listener: ChannelListener): void {
    this.#listener = listener;
    this.#port.on("message", (message: unknown) => this.#receive(message));
  }

  send(frame: Frame): void {
    if (!this.#isOpen) throw new ClosedError("Cannot send a frame: the channel is closed");
    const body = ownMemory(frame.body);
    const attachments = frame.attachments.map((part) => (isByReference(part) ? part : ownMemory(part)));
    this.#sentBytes += sizeOf(frame);
    this.#port.postMessage(
      { body, attachments },
      [body, ...attachments].filter((part) => !isByReference(part)).map((part) => part.buffer as ArrayBuffer),
    );
  }

  drained(): Promise<void> {
    if (!this.#isOpen || this.bufferedBytes < highWaterBytes) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    if (this.#isOpen) {
      this.#isOpen = false;
      this.#port.postMessage(null);
      // A port that nobody listens on is never told that the other side has closed.
      if (this.#listener === undefined) this.#port.on("message", (message: unknown) => this.#receive(message));
    }
    await this.#closed;
  }

  destroy(): void {
    this.#isOpen = false;
    this.#isDestroyed = true;
    this.#port.close();
  }

  ref(): void {
    this.#port.ref();
  }

  unref(): void {
    this.#port.unref();
  }

  #receive(message: unknown): void {
    if (this.#isDestroyed) return;
    if (message === null) {
      this.#isOpen = false;
      this.#port.close();
    } else if (typeof message === "number") {
      this.#acknowledgedBytes += message;
      if (this.bufferedBytes < highWaterBytes) this.#releaseWaiting();
    } else if (isFrame(message)) {
      this.#acknowledge(sizeOf(message));
      this.#deliver(message);
    } else {
      this.#break(new DecodeError("Cannot read a frame: the port carries something else"));
    }
  }

  #deliver(frame: Frame): void {
    try {
      this.#listener?.onFrame(frame);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#break(error);
    }
  }

  #break(error: DecodeError): void {
    this.#error = error;
    this.destroy();
  }

  #acknowledge(sizeBytes: number): void {
    this.#receivedBytes += sizeBytes;
    if (this.#receivedBytes < acknowledgeBytes || !this.#isOpen) return;
    this.#port.postMessage(this.#receivedBytes);
    this.#receivedBytes = 0;
  }

  #end(): void {
    this.#isOpen = false;
    this.#releaseWaiting();
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

/** The same bytes in an `ArrayBuffer` of just that size, which can be moved to another thread. */
function ownMemory(part: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = part;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === part.byteLength && !(part instanceof Buffer);
  return isWhole ? (part as Uint8Array<ArrayBuffer>) : new Uint8Array(part);
}

function sizeOf({ body, attachments }: Frame): number {
  return attachments.reduce((sum, part) => sum + (isByReference(part) ? 0 : part.byteLength), body.byteLength);
}

function isFrame(message: unknown): message is Frame {
  return (
    typeof message === "object" && message !== null && "body" in message && message.body instanceof Uint8Array && "attachments" in message
  );
}

/** Above this many bytes on the way, `drained` waits. */
const highWaterBytes = 1 << 20;
/** The receiver reports once it has taken this much: rarely, and well before the sender's high water. */
const acknowledgeBytes = 1 << 18;
