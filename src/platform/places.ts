/** Where files that are memory live on this machine. */
import { accessSync, constants, readlinkSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";

/** Below this many free bytes a memory file system is of no use, and the temporary folder is taken. */
const leastUsefulBytes = 1 << 20;

/** The folder for shared memory: one that is backed by memory if there is one with room, else the temporary folder. */
export function memoryFolder(): string {
  try {
    accessSync("/dev/shm", constants.W_OK | constants.X_OK);
    return freeBytes("/dev/shm") < leastUsefulBytes ? tmpdir() : "/dev/shm";
  } catch {
    return tmpdir();
  }
}

/** The folder for what does not fit into `memoryFolder()`. */
export function spillFolder(): string {
  return tmpdir();
}

/** How many bytes can still be stored where `path` is; `Infinity` where that cannot be known. */
export function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

/** Names the space in which process ids mean what they mean here: containers that share `/dev/shm` have others. */
export function processIdSpace(): string {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
  } catch {
    return "0";
  }
}
