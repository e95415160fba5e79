/** The files of a session's folders, by name. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

interface Folders {
  readonly folder: string;
  readonly spillFolder: string;
}

/** Where the files of a session may be, in the order in which they are tried. */
export function foldersOf({ folder, spillFolder }: Folders): readonly string[] {
  return [folder, spillFolder];
}

/** The path of a file that may be in either folder. */
export function fileIn({ folder, spillFolder }: Folders, name: string): string {
  const path = join(folder, name);
  const spilled = join(spillFolder, name);
  return !existsSync(path) && existsSync(spilled) ? spilled : path;
}

export function segmentName(serial: number): string {
  return `segment-${serial}`;
}

/** Removes the file of a segment, and those of its extents. */
export function removeSegment(folders: readonly string[], serial: number): void {
  const name = segmentName(serial);
  for (const folder of folders) {
    rmSync(join(folder, name), { force: true });
    for (const other of namesIn(folder)) if (other.startsWith(`${name}.`)) rmSync(join(folder, other), { force: true });
  }
}

/** The numbers of the files in a folder whose names are `prefix` and a number; an extent's is that of its segment. */
export function numbersIn(folder: string, prefix: string): number[] {
  return namesIn(folder).flatMap((name) => (name.startsWith(prefix) ? [Number.parseInt(name.slice(prefix.length), 10)] : []));
}

export function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
