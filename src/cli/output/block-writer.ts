import type { Writable } from "node:stream";

/**
 * Writes blocks of text to a stream with back-pressure. A reader that has gone (`| head`) is no error: `isClosed` becomes
 * true, `closed` resolves, and what is written from then on is dropped.
 */
export class BlockWriter {
  readonly #stream: Writable;
  readonly #onClosed: () => void;
  #isClosed = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  /** `onClosed` runs once, when the reader has gone or writing has failed; see `error`. */
  constructor(stream: Writable, onClosed: () => void = () => {}) {
    this.#stream = stream;
    this.#onClosed = onClosed;
    stream.on("error", (error: NodeJS.ErrnoException) => this.#close(readerIsGone(error) ? undefined : error));
    stream.on("close", () => this.#close(undefined));
    stream.on("drain", () => this.#wakeUp());
  }

  /** No reader is left, or writing failed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Why writing failed: a full disk, say. `undefined` when the reader has merely gone. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Resolves when the stream can take more. */
  async write(text: string): Promise<void> {
    if (this.#isClosed || text === "") return;
    if (!this.#stream.write(text) && !this.#isClosed) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Resolves when everything written has been handed to the system. */
  async flush(): Promise<void> {
    if (this.#isClosed || this.#stream.writableLength === 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#stream.write("", () => resolve());
    });
  }

  /** Drops what is to be written from now on, and waits for nobody. */
  abandon(): void {
    this.#isClosed = true;
    this.#wakeUp();
  }

  #close(error: Error | undefined): void {
    this.#error ??= error;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wakeUp();
    this.#onClosed();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function readerIsGone(error: NodeJS.ErrnoException): boolean {
  return error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED" || error.code === "ECONNRESET";
}
