import { createReadStream, fstatSync, statSync } from "node:fs";
import type { Readable } from "node:stream";
import type { InputExtent, InputPiece, InputSource } from "./input-source.js";
import { LineSplitter, type LineSplitterOptions } from "./line-splitter.js";

/** Lines of a byte stream. `sizeBytes` is what the stream will deliver, where that is known. */
export class StreamSource implements InputSource {
  readonly #stream: Readable;
  readonly #splitter: LineSplitter;
  readonly #sizeBytes: number | undefined;
  #readBytes = 0;
  #isClosed = false;
  #given = 0;

  constructor(stream: Readable, sizeBytes: number | undefined, options: LineSplitterOptions = {}) {
    this.#stream = stream;
    this.#sizeBytes = sizeBytes;
    this.#splitter = new LineSplitter(options);
  }

  async *pieces(): AsyncGenerator<InputPiece> {
    try {
      for await (const block of this.#stream) {
        if (!Buffer.isBuffer(block)) throw new TypeError("Cannot read lines: the stream delivers text; it must deliver bytes");
        this.#readBytes += block.length;
        yield* this.#count(this.#splitter.push(block));
      }
    } catch (error) {
      if (this.#isClosed) return;
      throw error;
    }
    yield* this.#count(this.#splitter.end());
  }

  get given(): number {
    return this.#given;
  }

  extent(): InputExtent {
    if (this.#sizeBytes === undefined) return { kind: "unknown" };
    return { kind: "bytes", readBytes: this.#readBytes, sizeBytes: this.#sizeBytes };
  }

  close(): void {
    this.#isClosed = true;
    this.#stream.destroy();
  }

  #count(pieces: InputPiece[]): InputPiece[] {
    for (const piece of pieces) this.#given += piece.kind === "inputs" ? piece.items.length : 1;
    return pieces;
  }
}

/** Lines of the file at `path`. @throws the file system's error when it cannot be read, or is a folder. */
export function fileSource(path: string, options?: LineSplitterOptions): StreamSource {
  const stats = statSync(path);
  if (stats.isDirectory()) throw Object.assign(new Error(`EISDIR: illegal operation on a directory, open '${path}'`), { code: "EISDIR" });
  const stream = createReadStream(path, { highWaterMark: blockBytes });
  return new StreamSource(stream, stats.isFile() ? stats.size : undefined, options);
}

/** Lines of standard input; its size is known when a file was redirected into it. */
export function stdinSource(options?: LineSplitterOptions): StreamSource {
  return new StreamSource(process.stdin, sizeOfStdin(), options);
}

function sizeOfStdin(): number | undefined {
  try {
    const stats = fstatSync(process.stdin.fd);
    return stats.isFile() ? stats.size : undefined;
  } catch {
    return undefined;
  }
}

/** Large enough that the cost of a read vanishes, small enough for the processor's cache. */
const blockBytes = 256 * 1024;
