/**
 * The door to the operating system's own functions: the one place that loads the FFI, lazily and once per isolate.
 * Whoever needs mapped memory asks `native()`; a program that never does never pays for it.
 */
import { createRequire } from "node:module";
import { UnsupportedError } from "../errors.js";
import { bindLinux, type Ffi } from "./linux.js";

/** How a blocking wait on a word of memory ended. */
export type WaitResult = "woken" | "timed-out" | "not-equal";

/** A piece of a file seen as memory. The address stays valid until `unmap`. */
export interface Mapping {
  readonly address: number;
  readonly sizeBytes: number;
  readonly buffer: ArrayBuffer;
}

/** A call the operating system refused. */
export interface SystemFailure {
  /** `"ENOSPC"` and so on. */
  readonly code: string;
  readonly errno: number;
}

/** What is asked of the operating system beyond what Node offers. Each call is about half a microsecond. */
export interface Native {
  /** Maps `sizeBytes` of an open file, shared. @throws ResourceLimitError when the address space or the kernel's limits do not allow it. */
  mapFile(fd: number, sizeBytes: number): Mapping;
  /** A part of a mapping as a buffer of its own. */
  view(address: number, sizeBytes: number): ArrayBuffer;
  /** Ends a mapping. Any later access to its buffer is a crash: only for a buffer that nobody can reach. */
  unmap(address: number, sizeBytes: number): void;
  /** Gives the file its size and backs every page of it, so that touching them cannot fail. `undefined` on success. */
  reserve(fd: number, sizeBytes: number): SystemFailure | undefined;
  /** Makes a FIFO, mode 0600. */
  makeFifo(path: string): SystemFailure | undefined;
  /** Writes one byte without waiting. True when it was written, or the FIFO is full of bytes nobody has read yet. */
  ring(fd: number): boolean;
  /** Blocks the thread while the word at `address` is `expected`, at most `timeout` milliseconds (`undefined`: no limit). May end early. */
  futexWait(address: number, expected: number, timeout: number | undefined): WaitResult;
  /** Wakes up to `count` threads that block on the word, in any process; says how many there were. */
  futexWake(address: number, count: number): number;
  /** The operating system's id of the calling thread; the main thread's is the process's. */
  threadId(): number;
  /** Asks the kernel to send this process `signal` (its number) when its parent's spawning thread ends; 0 takes it back. */
  setParentDeathSignal(signal: number): void;
}

let loaded: Native | undefined;
let refusal: UnsupportedError | undefined;

/**
 * The native functions of this platform, loaded at the first call.
 *
 * @throws UnsupportedError where the operating system or its FFI binary is missing; the message says which.
 */
export function native(): Native {
  if (loaded !== undefined) return loaded;
  if (refusal !== undefined) throw refusal;
  try {
    loaded = load();
    return loaded;
  } catch (error) {
    refusal = error instanceof UnsupportedError ? error : missingFfi(error);
    throw refusal;
  }
}

/** Whether `native()` works here. */
export function hasNative(): boolean {
  try {
    native();
    return true;
  } catch {
    return false;
  }
}

function load(): Native {
  if (process.platform !== "linux") {
    throw new UnsupportedError(
      `Cannot share memory between processes: it needs Linux, and this is ${process.platform}. ` +
        `Worker threads ("manyhands/threads") share memory on every platform.`,
    );
  }
  const ffi: Ffi = createRequire(import.meta.url)("koffi");
  return bindLinux(ffi, process.arch);
}

function missingFfi(cause: unknown): UnsupportedError {
  return new UnsupportedError(
    `Cannot share memory between processes: the package "koffi" or its binary for ${process.platform}-${process.arch} is missing. ` +
      `Install without --omit=optional, and keep "koffi" outside bundles.`,
    { cause },
  );
}
