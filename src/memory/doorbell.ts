/**
 * Doorbells: how one participant wakes the event loop of another without blocking either. A bell is a FIFO in the
 * session's folder; ringing it is writing one byte; the owner's event loop reads it like any socket.
 *
 * The bytes carry nothing: the owner looks at all it waits for, so one byte is as good as many, and a full FIFO is fine.
 * The owner's end is open for reading and writing, so that it never sees an end of file. Who rings opens it for writing
 * only: when the owner is dead there is no reader, and the write fails.
 */
import { closeSync, constants, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { ResourceLimitError } from "../errors.js";
import { native } from "../platform/native.js";
import { unstopped } from "../platform/stop-gate.js";

/** So many bytes are read at once; the event loop comes back for more. */
const ringsAtOnce = 256;
/** So many bells of others stay open; beyond that, those of participants that left are closed. */
const cachedBells = 64;

/** The bell of this thread. It keeps the event loop alive only between `ref` and `unref`. */
export class OwnBell {
  readonly #path: string;
  readonly #socket: Socket;

  constructor(folder: string, id: number, onRing: () => void) {
    this.#path = pathOf(folder, id);
    const failure = native().makeFifo(this.#path);
    if (failure !== undefined) throw new ResourceLimitError(`Cannot make the doorbell ${this.#path}: ${failure.code}.`);
    const callback = (): boolean => {
      onRing();
      return true;
    };
    // Bytes that carry nothing are read into the same memory every time, and never become chunks of a stream: that saves 20 us.
    const options = { readable: true, writable: false, onread: { buffer: new Uint8Array(ringsAtOnce), callback } };
    // A thread that is stopped between the two would leave it open.
    this.#socket = unstopped(() => new Socket({ ...options, fd: opened(this.#path) }));
    // Starts to read.
    this.#socket.resume();
    this.#socket.unref();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }
}

/** The bells of the others. */
export class Bells {
  readonly #folder: string;
  readonly #isListed: (id: number) => boolean;
  readonly #open = new Map<number, number>();

  constructor(folder: string, isListed: (id: number) => boolean) {
    this.#folder = folder;
    this.#isListed = isListed;
  }

  /** Rings the bell of a participant; false when it is dead or has none. */
  ring(id: number): boolean {
    const fd = this.#open.get(id) ?? this.#opened(id);
    if (fd === undefined) return false;
    if (native().ring(fd)) return true;
    closeSync(fd);
    this.#open.delete(id);
    return false;
  }

  #opened(id: number): number | undefined {
    if (this.#open.size >= cachedBells) this.#prune();
    try {
      const fd = openSync(pathOf(this.#folder, id), constants.O_WRONLY | constants.O_NONBLOCK);
      this.#open.set(id, fd);
      return fd;
    } catch (error) {
      // ENXIO: nobody reads it any more. ENOENT: it is gone.
      if (error instanceof Error && "code" in error && (error.code === "ENXIO" || error.code === "ENOENT")) return undefined;
      throw error;
    }
  }

  #prune(): void {
    for (const [id, fd] of this.#open) {
      if (this.#isListed(id)) continue;
      closeSync(fd);
      this.#open.delete(id);
    }
  }
}

function opened(path: string): number {
  const fd = native().openFifo(path);
  if (typeof fd === "number") return fd;
  throw new ResourceLimitError(`Cannot open the doorbell ${path}: ${fd.code}.`);
}

/** Removes the bell of a participant that is gone. */
export function removeBell(folder: string, id: number): void {
  rmSync(pathOf(folder, id), { force: true });
}

function pathOf(folder: string, id: number): string {
  return join(folder, `bell-${id}`);
}
