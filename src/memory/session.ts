/**
 * A session: the tree of processes under one root program, which share memory through one folder.
 *
 *     /dev/shm/manyhands-SPACE-PID-START/      mode 0700; SPACE: the space of process ids; PID, START: the root's
 *        registry                              who takes part (registry.ts)
 *        arena-N                               small objects (arena.ts)
 *        segment-N                             a big object's own memory (segment.ts)
 *        bell-ID                               a participant's doorbell, a FIFO (doorbell.ts)
 *        parcel-ID-N                           a participant's memory for large values it sends (parcel.ts)
 *        name-INODE-NAME                       a name that goes with the session (names.ts)
 *     /tmp/manyhands-SPACE-PID-START/          the same, for arenas and segments that found no room above
 *
 * The name is fixed before the folder exists: it follows from who the root is. So a parent tells its children the name
 * in one environment variable at no cost, and whoever needs memory first makes the folder, be it the root or not.
 * The threads of the root find the same name by themselves.
 *
 *  1. The root's main thread removes both folders when it exits, whoever made them.
 *  2. If the root was killed, any participant that exits later removes them.
 *  3. If all were killed, the next root that starts removes them: the name says whose they were, and that one is dead.
 *  4. A root whose main thread does not know of the session, since only a thread of it shares memory, has its folders
 *     removed by the last of its threads that leaves.
 *  5. A folder that belongs to another user, or that others may enter, is never used.
 */
import { lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";
import { StateError } from "../errors.js";
import { isTaskAlive, startTimeOf, type Task } from "../platform/liveness.js";
import { refusalVariable } from "../platform/native.js";
import { memoryFolder, processIdSpace, spillFolder } from "../platform/places.js";
import { removeNames } from "./names.js";

/** Tells a child process which session it belongs to: the path of the folder. */
export const sessionVariable = "MANYHANDS_SESSION";

export interface Session {
  /** The folder in memory. It may not exist yet: see `makeFolder`. */
  readonly folder: string;
  /** Where segments go that find no room there. */
  readonly spillFolder: string;
  /** The root program. */
  readonly root: Task;
}

const namePattern = /^manyhands-(\d+)-(\d+)-(\d+)$/;

/** Tells the threads of the root that its main thread removes the folders. */
const cleanerKey = "manyhands.cleaner";

let current: Session | undefined;

/** What a backend adds to the environment of every worker it starts. Makes no folder and loads no native code. */
export function sessionEnvironment(): Readonly<Record<string, string>> {
  const refusal = process.env[refusalVariable];
  // All threads of a process must agree, also those that get another environment.
  return { [sessionVariable]: session().folder, ...(refusal === undefined ? {} : { [refusalVariable]: refusal }) };
}

/** The session this thread belongs to: the one its parent told it, or the one of which this process is the root. */
export function session(): Session {
  current ??= inherited() ?? own();
  return current;
}

/** Whether this process is the session's root. */
export function isRoot({ root }: Session): boolean {
  return root.id === process.pid;
}

/** Whether the main thread of this process, the root, will remove the folders. */
export function hasCleaner(): boolean {
  return isMainThread || getEnvironmentData(cleanerKey) === true;
}

/** Makes the session's folder, or checks that the one that exists is ours. @throws StateError when it is not. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    if (!isPrivate(folder)) {
      throw new StateError(`Cannot share memory: ${folder} belongs to another user, or others may enter it. Remove it and start again.`);
    }
  }
}

/** Removes everything the session has on disk. Memory that is mapped stays valid for those who mapped it. */
export function removeFolders({ folder, spillFolder: spill }: Session): void {
  removeFolder(folder);
  if (spill !== folder) removeFolder(spill);
}

function removeFolder(folder: string): void {
  removeNames(folder);
  rmSync(folder, { recursive: true, force: true });
}

function inherited(): Session | undefined {
  const folder = process.env[sessionVariable];
  if (folder === undefined || !isAbsolute(folder)) return undefined;
  const owner = ownerOf(basename(folder));
  if (owner === undefined || !isTaskAlive(owner)) return undefined;
  return about(folder, owner);
}

function own(): Session {
  const root = { id: process.pid, startTime: startTimeOf(process.pid) ?? 0 };
  const made = about(join(memoryFolder(), `manyhands-${processIdSpace()}-${root.id}-${root.startTime}`), root);
  if (isMainThread) {
    process.on("exit", () => removeFolders(made));
    setEnvironmentData(cleanerKey, true);
    sweep(dirname(made.folder));
    if (dirname(made.spillFolder) !== dirname(made.folder)) sweep(dirname(made.spillFolder));
  }
  return made;
}

function about(folder: string, root: Task): Session {
  return { folder, spillFolder: join(spillFolder(), basename(folder)), root };
}

/** Removes the folders of sessions whose root is dead. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = ownerOf(name);
    if (owner === undefined || isTaskAlive(owner)) continue;
    const folder = join(parent, name);
    if (isPrivate(folder)) removeFolder(folder);
  }
}

/** Whose session a folder's name says it is; `undefined` for foreign names and for sessions whose ids mean nothing here. */
function ownerOf(name: string): Task | undefined {
  const [, space, id, startTime] = namePattern.exec(name) ?? [];
  return space === processIdSpace() ? { id: Number(id), startTime: Number(startTime) } : undefined;
}

function isPrivate(folder: string): boolean {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  return stats !== undefined && stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
}
