/**
 * Extents: further files of a block that has a segment of its own, for what grows and shrinks. They live and die with it:
 *
 *     segment-17            the block's own memory
 *     segment-17.4          extent 4 of it
 *     segment-17.d1537-2    a draft by participant 1537: not an extent yet, and removed if that one is killed
 *
 * A parcel on its way is an extent, too, by its second name (parcel.ts): it is never removed but by that name.
 *
 *  1. Whoever frees the block removes them all, as it removes the segment (allocator.ts).
 *  2. The number of an extent is the owner's choice. Creating one whose number was left behind by somebody who was killed
 *     before it told anyone replaces that.
 *  3. An extent is removed only when nobody reads or writes it any more: its memory goes at once, even if it is still mapped.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ResourceLimitError, StateError } from "../errors.js";
import type { Mapping } from "../platform/native.js";
import type { Cargo } from "../wire/extension.js";
import { freshBytes } from "./fresh-bytes.js";
import { killPoint } from "./kill-point.js";
import { membership } from "./membership.js";
import { createSegment, noRoom, openSegment } from "./segment.js";
import { makeFolder } from "./session.js";

/** A file that was written and has no number yet. */
export interface Draft {
  readonly folder: string;
  readonly name: string;
}

let drafts = 0;

export class Extents {
  readonly #folders: readonly string[];
  readonly #prefix: string;
  readonly #self: number;

  /** `segment`: the block's (`block.segment`). */
  constructor(segment: number) {
    const { session, self } = membership();
    this.#folders = [session.folder, session.spillFolder];
    this.#prefix = `segment-${segment}.`;
    this.#self = self.id;
  }

  /** Makes an extent of zeroed memory and maps it. @throws ResourceLimitError when the machine cannot back it. */
  create(number: number, sizeBytes: number): Mapping {
    this.remove(number);
    return createSegment(this.#folders, this.#nameOf(number), sizeBytes);
  }

  /** Maps an extent; all of it. */
  open(number: number): Mapping {
    return this.#inFolders(this.#nameOf(number), (path) => openSegment(path));
  }

  /** Writes bytes to a file that becomes an extent with `publish`. @throws ResourceLimitError when there is no room. */
  draft(parts: readonly Uint8Array[]): Draft {
    const name = `${this.#prefix}d${this.#self}-${drafts++}`;
    for (const folder of this.#folders) {
      makeFolder(folder);
      if (writeFile(join(folder, name), parts)) return { folder, name };
      rmSync(join(folder, name), { force: true });
    }
    const sizeBytes = parts.reduce((sum, { length }) => sum + length, 0);
    throw new ResourceLimitError(noRoom(this.#folders, sizeBytes));
  }

  publish({ folder, name }: Draft, number: number): void {
    renameSync(join(folder, name), join(folder, this.#nameOf(number)));
  }

  discard({ folder, name }: Draft): void {
    rmSync(join(folder, name), { force: true });
  }

  /**
   * Takes an extent away to read it: its name goes at once, its memory when the reader is closed or its process ends.
   * `undefined` when it is not there: somebody took it, and was killed before saying so.
   */
  take(number: number): ExtentReader | undefined {
    const fd = this.#openOrMissing(number);
    if (fd === undefined) return undefined;
    killPoint("extents.opened");
    this.removeName(number);
    return new ExtentReader(fd);
  }

  /** Whether there is such an extent. */
  has(number: number): boolean {
    return this.#folders.some((folder) => existsSync(join(folder, this.#nameOf(number))));
  }

  /** Reads an extent that stays. */
  read(number: number): ExtentReader | undefined {
    const fd = this.#openOrMissing(number);
    return fd === undefined ? undefined : new ExtentReader(fd);
  }

  /** Where a file gets its name as an extent: one that others map, too, and that is in the session's first folder. */
  pathOf(number: number): string {
    return join(this.#folders[0] ?? "", this.#nameOf(number));
  }

  /** Opens such a file; `undefined` when the extent is not there. */
  file(number: number): number | undefined {
    return this.#openOrMissing(number, "r+");
  }

  /** Takes the name of an extent away, and nothing else; false when there is no such extent. */
  removeName(number: number): boolean {
    const isThere = this.has(number);
    for (const folder of this.#folders) rmSync(join(folder, this.#nameOf(number)), { force: true });
    return isThere;
  }

  /** Gives the memory of an extent back; does nothing when there is no such extent. */
  remove(number: number): void {
    for (const folder of this.#folders) {
      const path = join(folder, this.#nameOf(number));
      try {
        const fd = openSync(path, "r+");
        try {
          // The name first: whoever is killed between the two leaves no extent that is empty.
          rmSync(path, { force: true });
          killPoint("extents.removed");
          ftruncateSync(fd);
        } finally {
          closeSync(fd);
        }
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
  }

  #openOrMissing(number: number, flags = "r"): number | undefined {
    try {
      return this.#inFolders(this.#nameOf(number), (path) => openSync(path, flags));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  #inFolders<R>(name: string, open: (path: string) => R): R {
    const [first = "", second = ""] = this.#folders;
    try {
      return open(join(first, name));
    } catch (error) {
      if (!isMissing(error)) throw error;
      return open(join(second, name));
    }
  }

  #nameOf(number: number): string {
    return this.#prefix + number;
  }
}

/** Reads the bytes of an extent from the front. Whoever has it closes it. */
export class ExtentReader {
  /** What keeps alive what the bytes name, until they have been read. */
  cargo: Cargo | undefined;
  readonly #fd: number;
  #position = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  get sizeBytes(): number {
    return fstatSync(this.#fd).size;
  }

  next(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const bytes = freshBytes(sizeBytes);
    let read = 0;
    while (read < sizeBytes) {
      const count = readSync(this.#fd, bytes, read, sizeBytes - read, this.#position + read);
      if (count === 0) throw new StateError("Cannot read shared memory: its file ends too early.");
      read += count;
    }
    this.#position += sizeBytes;
    return bytes;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The participant whose draft a file of this name is. */
export function drafterOf(name: string): number | undefined {
  const [, drafter] = /^segment-\d+\.d(\d+)-/.exec(name) ?? [];
  return drafter === undefined ? undefined : Number(drafter);
}

/** False when there is no room. */
function writeFile(path: string, parts: readonly Uint8Array[]): boolean {
  const fd = openSync(path, "wx", 0o600);
  killPoint("extents.drafting");
  try {
    for (const part of parts) writeAll(fd, part);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT")) return false;
    throw error;
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written, bytes.length - written);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
