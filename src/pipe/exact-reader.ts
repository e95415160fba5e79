/** Reads a socket part by part, each of a known size, and leaves the rest for whoever reads next. One wait at a time. */
import type { Socket } from "node:net";
import { ClosedError } from "../errors.js";

const events = ["readable", "end", "error", "close"] as const;

/** Does what needs a reader, which reads no more afterwards. */
export async function readingExactly<R>(socket: Socket, work: (reader: ExactReader) => Promise<R>): Promise<R> {
  const reader = new ExactReader(socket);
  try {
    return await work(reader);
  } finally {
    reader.stop();
  }
}

export class ExactReader {
  readonly #socket: Socket;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    // For as long as it reads: a listener for "readable" that is new is called for bytes that are old, again and again.
    for (const event of events) socket.on(event, this.#happened);
  }

  /** The next `sizeBytes` bytes. @throws ClosedError when the stream ends before; the socket's error when it failed. */
  async next(sizeBytes: number): Promise<Buffer> {
    for (;;) {
      const bytes = this.#socket.read(sizeBytes) as Buffer | null;
      if (bytes?.length === sizeBytes) return bytes;
      if (bytes !== null || this.#socket.readableEnded || this.#socket.destroyed) {
        throw this.#socket.errored ?? new ClosedError("Cannot connect: the other side closed the connection during the handshake");
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  stop(): void {
    for (const event of events) this.#socket.removeListener(event, this.#happened);
  }

  readonly #happened = (): void => this.#wake?.();
}
