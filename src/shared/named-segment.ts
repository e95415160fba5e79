/** Segments with a name, which programs outside the session can open, too. names.ts says who removes them. */
import { linkSync, lstatSync, rmSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";
import { StateError } from "../errors.js";
import { native, type Mapping } from "../platform/native.js";
import { memoryFolder, spillFolder } from "../platform/places.js";
import { killPoint } from "../memory/kill-point.js";
import { membership } from "../memory/membership.js";
import { inodeOf, mark, pathOfName, unmark } from "../memory/names.js";
import { createSegment, openSegment } from "../memory/segment.js";
import { session } from "../memory/session.js";

/** A mapped segment and the file it is. */
export interface NamedSegment {
  readonly mapping: Mapping;
  readonly path: string;
  readonly inode: bigint;
}

export interface NamedSegmentOptions {
  readonly name: string;
  readonly sizeBytes: number;
  /** Whether the name outlives the session. */
  readonly persist: boolean;
  /** Writes what it begins with, before it can be found. */
  readonly initialize: (mapping: Mapping) => void;
}

/** Makes a segment of exactly that size, zeroed. @throws StateError when the name is taken; ResourceLimitError when there is no room. */
export function createNamedSegment({ name, sizeBytes, persist, initialize }: NamedSegmentOptions): NamedSegment {
  const { folder, spillFolder: spill } = membership().session;
  if (findName(name) !== undefined) throw nameTaken(name);
  const draft = `draft-${native().threadId()}-${beginning}`;
  // What a killed thread with the same id has left.
  for (const place of [folder, spill]) rmSync(join(place, draft), { force: true });
  const mapping = createSegment([folder, spill], draft, sizeBytes);
  const home = inodeOf(join(folder, draft)) === undefined ? spill : folder;
  const draftPath = join(home, draft);
  beginning += 1;
  try {
    // Space was reserved in whole pages; the name's file has the size asked for.
    truncateSync(draftPath, sizeBytes);
    initialize(mapping);
    return { mapping, ...publish({ name, draftPath, home, persist }) };
  } finally {
    beginning -= 1;
    rmSync(draftPath, { force: true });
  }
}

/** How many this thread is making: what one begins with may need another. */
let beginning = 0;

/** Opens a segment that any program of this user has made. @throws StateError when there is none. */
export function openNamedSegment(name: string): NamedSegment {
  const path = findName(name);
  if (path === undefined) throw noSuchName("attach to", name);
  try {
    const stats = lstatSync(path);
    if (!stats.isFile() || stats.size === 0 || stats.uid !== process.getuid?.()) {
      throw new StateError(`Cannot attach to shared memory: "${name}" belongs to another user, or is none.`);
    }
    const inode = inodeOf(path);
    const mapping = openSegment(path);
    if (inode !== undefined && inode === inodeOf(path)) return { mapping, path, inode };
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
  }
  // It was removed just now, and perhaps made anew.
  throw noSuchName("attach to", name);
}

/** Takes the name away; memory that is mapped stays. @throws StateError when it is gone already. */
export function unlinkNamedSegment(name: string, { path, inode }: Pick<NamedSegment, "path" | "inode">): void {
  if (inodeOf(path) !== inode) throw noSuchName("unlink", name);
  rmSync(path, { force: true });
  const { folder, spillFolder: spill } = session();
  for (const place of [folder, spill]) unmark(place, name, inode);
}

interface Draft {
  readonly name: string;
  readonly draftPath: string;
  /** The session's folder it is in. */
  readonly home: string;
  readonly persist: boolean;
}

/** Gives a finished file its name, which fails when somebody else was faster. */
function publish({ name, draftPath, home, persist }: Draft): { path: string; inode: bigint } {
  const path = pathOfName(dirname(home), name);
  const inode = inodeOf(draftPath) ?? 0n;
  if (!persist) mark(home, name, inode);
  killPoint("named-segment.marked");
  try {
    linkSync(draftPath, path);
  } catch (error) {
    if (!persist) unmark(home, name, inode);
    throw isCode(error, "EEXIST") ? nameTaken(name, error) : error;
  }
  return { path, inode };
}

/** Where the file of a name is: in memory, or, where that had no room, in the temporary folder. */
function findName(name: string): string | undefined {
  return [...new Set(["/dev/shm", memoryFolder(), spillFolder()])]
    .map((folder) => pathOfName(folder, name))
    .find((path) => inodeOf(path) !== undefined);
}

function nameTaken(name: string, cause?: unknown): StateError {
  return new StateError(
    `Cannot create shared memory: the name "${name}" is taken. Attach to it, or choose another; without a name one is chosen.`,
    { cause },
  );
}

function noSuchName(verb: string, name: string): StateError {
  return new StateError(`Cannot ${verb} shared memory: there is none with the name "${name}".`);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
