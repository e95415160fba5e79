/** What the library asks of the operating system beyond what Node offers: the interface; `native.ts` gives the implementation. */

/** How a blocking wait on a word of memory ended. */
export type WaitResult = "woken" | "timed-out" | "not-equal";

/** A piece of a file seen as memory. The address stays valid until `unmap`. */
export interface Mapping {
  readonly address: number;
  readonly sizeBytes: number;
  readonly buffer: ArrayBuffer;
}

export interface MapOptions {
  /** The pages are there, and all of them are about to be used: they are mapped in one go, rather than each at its first touch. */
  readonly isBacked?: boolean;
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
  mapFile(fd: number, sizeBytes: number, options?: MapOptions): Mapping;
  /** A part of a mapping as a buffer of its own. */
  view(address: number, sizeBytes: number): ArrayBuffer;
  /** Ends a mapping. Any later access to its buffer is a crash: only for a buffer that nobody can reach. */
  unmap(address: number, sizeBytes: number): void;
  /** Asks for large pages for memory that is about to be written for the first time. The kernel may or may not comply. */
  preferLargePages(bytes: Uint8Array): void;
  /** Gives the file its size and backs every page of it, so that touching them cannot fail. `undefined` on success. */
  reserve(fd: number, sizeBytes: number): SystemFailure | undefined;
  /** Makes a FIFO, mode 0600. */
  makeFifo(path: string): SystemFailure | undefined;
  /**
   * Opens a FIFO for reading and writing, without waiting. Whoever has the descriptor closes it, once: Node does not know of it. One
   * that `fs.openSync` opens in a thread is closed by Node once more when the thread ends, also when it was handed to a socket, which
   * has closed it by then; and its number may be another thread's file.
   */
  openFifo(path: string): number | SystemFailure;
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
