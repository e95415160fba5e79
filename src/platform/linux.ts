/** The native functions on Linux: the C library through the FFI. Numbers below come from the kernel's headers. */
import { constants as files } from "node:fs";
import { constants } from "node:os";
import { ResourceLimitError, UnsupportedError } from "../errors.js";
import { unstopped } from "./stop-gate.js";
import type { Mapping, Native, SystemFailure, WaitResult } from "./system-calls.js";

/** The part of koffi that is used. */
export interface Ffi {
  load(path: string | null): FfiLibrary;
  view(address: bigint, sizeBytes: number): ArrayBuffer;
  address(memory: Uint8Array): bigint;
  errno(): number;
}

interface FfiLibrary {
  func(name: string, result: string, parameters: readonly string[]): (...args: unknown[]) => unknown;
}

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_POPULATE = 0x8000;
const MADV_HUGEPAGE = 14;
const O_CLOEXEC = 0o2_000_000;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const PR_SET_PDEATHSIG = 1;

/** Advice is taken for whole pages; where they are larger, it is refused, which does no harm. */
const pageBytes = 4096;

/** The number of the `futex` system call; the C library has no function for it. */
const futexNumbers: Readonly<Record<string, number>> = {
  x64: 202,
  arm64: 98,
  riscv64: 98,
  loong64: 98,
};

/** @throws UnsupportedError on a processor whose system calls are not known here. */
export function bindLinux(ffi: Ffi, arch: string): Native {
  const futexNumber = futexNumbers[arch];
  if (futexNumber === undefined) {
    throw new UnsupportedError(
      `Cannot share memory between processes: the processor architecture ${arch} is not supported; ` +
        `supported are ${Object.keys(futexNumbers).join(", ")}.`,
    );
  }
  const c = ffi.load(null);
  return { ...bindMemory(ffi, c), ...bindFiles(ffi, c), ...bindFutex(ffi, c, futexNumber), ...bindProcess(c) };
}

function bindMemory(ffi: Ffi, c: FfiLibrary): Pick<Native, "mapFile" | "view" | "unmap" | "preferLargePages"> {
  const mmap = c.func("mmap", "uint64_t", ["uint64_t", "size_t", "int", "int", "int", "int64_t"]);
  const munmap = c.func("munmap", "int", ["uint64_t", "size_t"]);
  const view = (address: number, sizeBytes: number): ArrayBuffer => unstopped(() => ffi.view(BigInt(address), sizeBytes));
  const madvise = c.func("madvise", "int", ["uint64_t", "size_t", "int"]);
  return {
    mapFile(fd, sizeBytes, { isBacked = false } = {}): Mapping {
      const address = mmap(0, sizeBytes, PROT_READ_WRITE, MAP_SHARED | (isBacked ? MAP_POPULATE : 0), fd, 0);
      if (address === MAP_FAILED) {
        throw new ResourceLimitError(
          `Cannot map ${sizeBytes} bytes of shared memory: ${codeOf(ffi.errno())}. ` +
            `The limits are the address space (ulimit -v) and the number of mappings (vm.max_map_count).`,
        );
      }
      const at = toAddress(address);
      return { address: at, sizeBytes, buffer: view(at, sizeBytes) };
    },
    view,
    unmap(address, sizeBytes) {
      munmap(address, sizeBytes);
    },
    preferLargePages(bytes) {
      const address = unstopped(() => Number(ffi.address(bytes)));
      const start = Math.ceil(address / pageBytes) * pageBytes;
      const end = Math.floor((address + bytes.length) / pageBytes) * pageBytes;
      if (end > start) madvise(start, end - start, MADV_HUGEPAGE);
    },
  };
}

function bindFiles(ffi: Ffi, c: FfiLibrary): Pick<Native, "reserve" | "makeFifo" | "openFifo" | "ring"> {
  const ftruncate = c.func("ftruncate", "int", ["int", "int64_t"]);
  const fallocate = c.func("posix_fallocate", "int", ["int", "int64_t", "int64_t"]);
  const mkfifo = c.func("mkfifo", "int", ["str", "uint32_t"]);
  const open = c.func("open", "int", ["str", "int"]);
  const write = c.func("write", "int64_t", ["int", "void *", "size_t"]);
  const oneByte = new Uint8Array([1]);
  return {
    reserve(fd, sizeBytes) {
      if (ftruncate(fd, sizeBytes) !== 0) return failure(ffi.errno());
      let errno = Number(fallocate(fd, 0, sizeBytes));
      while (errno === constants.errno.EINTR) errno = Number(fallocate(fd, 0, sizeBytes));
      return errno === 0 ? undefined : failure(errno);
    },
    makeFifo: (path) => (mkfifo(path, 0o600) === 0 ? undefined : failure(ffi.errno())),
    openFifo(path) {
      const fd = Number(open(path, files.O_RDWR | files.O_NONBLOCK | O_CLOEXEC));
      return fd >= 0 ? fd : failure(ffi.errno());
    },
    ring(fd) {
      for (;;) {
        if (write(fd, oneByte, 1) === 1) return true;
        const errno = ffi.errno();
        if (errno === constants.errno.EAGAIN) return true;
        if (errno !== constants.errno.EINTR) return false;
      }
    },
  };
}

function bindFutex(ffi: Ffi, c: FfiLibrary, futexNumber: number): Pick<Native, "futexWait" | "futexWake"> {
  const futex = c.func("syscall", "int64_t", ["int64_t", "uint64_t", "int64_t", "int64_t", "void *", "uint64_t", "int64_t"]);
  const timespec = new BigInt64Array(2);
  return {
    futexWait(address, expected, timeout): WaitResult {
      let limit: BigInt64Array | null = null;
      if (timeout !== undefined) {
        timespec[0] = BigInt(Math.floor(timeout / 1000));
        timespec[1] = BigInt(Math.floor((timeout % 1000) * 1e6));
        limit = timespec;
      }
      if (futex(futexNumber, address, FUTEX_WAIT, expected, limit, 0, 0) === 0) return "woken";
      const errno = ffi.errno();
      if (errno === constants.errno.ETIMEDOUT) return "timed-out";
      // A signal handler ran: the caller looks at the word again, as after any wake-up.
      return errno === constants.errno.EINTR ? "woken" : "not-equal";
    },
    futexWake: (address, count) => Number(futex(futexNumber, address, FUTEX_WAKE, count, null, 0, 0)),
  };
}

function bindProcess(c: FfiLibrary): Pick<Native, "threadId" | "setParentDeathSignal"> {
  const gettid = c.func("gettid", "int", []);
  const prctl = c.func("prctl", "int", ["int", "uint64_t", "uint64_t", "uint64_t", "uint64_t"]);
  return {
    threadId: () => Number(gettid()),
    setParentDeathSignal(signal) {
      prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0);
    },
  };
}

function failure(errno: number): SystemFailure {
  return { errno, code: codeOf(errno) };
}

function toAddress(value: unknown): number {
  const address = Number(value);
  if (!Number.isSafeInteger(address)) throw new UnsupportedError(`Cannot share memory: the address ${String(value)} is out of range.`);
  return address;
}

function codeOf(errno: number): string {
  for (const [code, number] of Object.entries(constants.errno)) if (number === errno) return code;
  return `errno ${errno}`;
}
