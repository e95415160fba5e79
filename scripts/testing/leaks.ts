/**
 * What a test file may not leave behind: processes, files in the temp folder, entries in /dev/shm.
 *
 * - Every process it starts is known by the run's tag in its environment, or by the session that the file's own
 *   process leads: a child that was given another environment still has the session. A test runner inside a test file
 *   appends to the tag it was given, so the outer one knows the inner one's processes.
 * - The temp folder is the file's own (TMPDIR), so whatever is in it was left by this file.
 * - /dev/shm is everybody's. An entry counts when it appeared while the file ran and no live process has it open, mapped
 *   or as the address of a socket: what other programs are using at this moment is not ours to judge.
 */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export const tagVariable = "MANYHANDS_TEST_RUN";
const sharedMemoryFolder = "/dev/shm";
/** Lists the paths of all Unix sockets that somebody has. */
const boundSockets = "/proc/net/unix";

/** Caches that tools keep in the temp folder on purpose, for the next program that runs. */
const toolCaches = /^(tsx-\d+|node-compile-cache)$/;

/** How the processes of one test file are recognised. */
export interface ProcessMarks {
  readonly tag: string;
  /** Process id of the session's leader. */
  readonly session: number;
}

export interface Footprint extends ProcessMarks {
  readonly tempFolder: string;
  /** What appeared in /dev/shm while the file ran. */
  readonly sharedMemory: readonly string[];
}

export interface Leftover {
  readonly description: string;
  /** Set for a process. */
  readonly pid?: number;
}

/**
 * Waits until nothing is left, for `settle` milliseconds at most, and returns what is: the operating system's cleaning and the
 * library's own take some time after the file's process has ended.
 */
export async function findLeftovers(footprint: Footprint, settle: number): Promise<Leftover[]> {
  const deadline = performance.now() + settle;
  for (;;) {
    const leftovers = lookForLeftovers(footprint);
    if (leftovers.length === 0 || performance.now() > deadline) return leftovers;
    await delay(50);
  }
}

export function listSharedMemory(): Set<string> {
  return new Set(listFolder(sharedMemoryFolder));
}

function lookForLeftovers(footprint: Footprint): Leftover[] {
  const files = listFolder(footprint.tempFolder).filter((name) => !toolCaches.test(name));
  return [
    ...leftoverProcesses(footprint),
    ...files.map((name) => ({ description: `in the temp folder: ${name}` })),
    ...leftoverSharedMemory(footprint.sharedMemory).map((name) => ({ description: `in ${sharedMemoryFolder}: ${name}` })),
  ];
}

function leftoverProcesses(footprint: ProcessMarks): Leftover[] {
  return processesOf(footprint).map((pid) => ({ pid, description: `process ${pid}: ${commandOf(pid)}` }));
}

/** The live processes with these marks. */
export function processesOf({ tag, session }: ProcessMarks): number[] {
  const mark = `${tagVariable}=${tag}`;
  const isMarked = (pid: number): boolean =>
    read(`/proc/${pid}/environ`)
      .split("\0")
      .some((variable) => variable.startsWith(mark));
  return liveProcesses().filter((pid) => sessionOf(pid) === session || isMarked(pid));
}

function leftoverSharedMemory(appeared: readonly string[]): string[] {
  const present = listSharedMemory();
  const left = appeared.filter((name) => present.has(name));
  if (left.length === 0) return [];
  const inUse = [...liveProcesses().flatMap(filesInUse), read(boundSockets)].join("\n");
  return left.filter((name) => !inUse.includes(join(sharedMemoryFolder, name)));
}

function liveProcesses(): number[] {
  return listFolder("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && !isZombie(pid));
}

/** Where the container's first process reaps nobody, the dead stay listed for ever. */
function isZombie(pid: number): boolean {
  return /^[ZX]?$/.test(statusFields(pid)[0] ?? "");
}

function sessionOf(pid: number): number {
  return Number(statusFields(pid)[3]);
}

/** The fields of /proc/PID/stat after the command: state, parent, process group, session … */
function statusFields(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).split("\0").join(" ").trim().slice(0, 300);
}

function filesInUse(pid: number): string[] {
  const descriptors = listFolder(`/proc/${pid}/fd`).map((fd) => readLink(`/proc/${pid}/fd/${fd}`));
  return [...descriptors, read(`/proc/${pid}/maps`)];
}

// A process may end between any two of these calls, and another user's processes are closed to us: then there is nothing to read.

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
