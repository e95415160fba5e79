/**
 * Names for shared memory that programs outside the session use, too. A name is a file, and goes with the session that made it.
 *
 *     /dev/shm/manyhands.NAME                  the memory: a file of exactly its size, mode 0600
 *     /dev/shm/manyhands-SPACE-PID-START/      the session that made it (session.ts)
 *        name-INODE-NAME                       a mark, empty: the name goes when the session does
 *
 *  1. The mark is made before the name is given. A mark whose name was never given, or is another file by now, means nothing:
 *     the number of the file tells.
 *  2. Whoever removes the session's folder removes what its marks name before; whoever is killed half-way is followed by
 *     another (session.ts), and removing twice is as good as once.
 */
import { closeSync, existsSync, lstatSync, openSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

/** How many bytes a name may have: with the mark's prefix and number it must fit a file name, which has 255. */
export const longestNameBytes = 200;

const markPattern = /^name-(\d+)-(.+)$/s;

/** The file of a name, among those of the folder that holds all sessions. */
export function pathOfName(folder: string, name: string): string {
  return join(folder, `manyhands.${name}`);
}

/** The number of the file, or `undefined` when there is none. */
export function inodeOf(path: string): bigint | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

export function mark(sessionFolder: string, name: string, inode: bigint): void {
  closeSync(openSync(markPath(sessionFolder, name, inode), "w", 0o600));
}

export function unmark(sessionFolder: string, name: string, inode: bigint): void {
  rmSync(markPath(sessionFolder, name, inode), { force: true });
}

/** Removes the names that go with a session. */
export function removeNames(sessionFolder: string): void {
  if (!existsSync(sessionFolder)) return;
  for (const entry of readdirSync(sessionFolder)) {
    const [, inode, name] = markPattern.exec(entry) ?? [];
    if (inode === undefined || name === undefined) continue;
    const path = pathOfName(dirname(sessionFolder), name);
    if (inodeOf(path) === BigInt(inode)) rmSync(path, { force: true });
  }
}

function markPath(sessionFolder: string, name: string, inode: bigint): string {
  return join(sessionFolder, `name-${inode}-${name}`);
}
