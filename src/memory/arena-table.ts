/**
 * The arenas of the session: which there are, and this thread's views of them. Each is a file; its number and the size of its blocks
 * are an entry of a table in the registry, which only the manager (`Registry.exclusively`) changes.
 *
 *     make      file ──▶ size of the blocks ──▶ number: from now on it is found
 *     retire    no block of it can be had any more ──▶ number 0 ──▶ file removed ──▶ counted, so that others drop their views
 *
 *  1. Killed while it is made: a file without an entry, which `repair` removes.
 *  2. Killed while it is retired: an entry of a retired arena, or a file without an entry; `repair` does the rest.
 *  3. An arena that is found may be retired at any time after that. Its memory stays as long as a view of it does, and it gives
 *     no block any more.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ResourceLimitError } from "../errors.js";
import { Arena, arenaBytes, capacityFor } from "./arena.js";
import { killPoint } from "./kill-point.js";
import { MappedWords } from "./mapped-words.js";
import type { Membership } from "./membership.js";
import { maxArenas } from "./registry.js";
import { fileIn, foldersOf, numbersIn } from "./segment-files.js";
import { createSegment, openSegment } from "./segment.js";

const firstArenaBytes = 64 * 1024;
const largestArenaBytes = 4 * 1024 * 1024;

const entryWords = 2;

export interface MappedArena {
  readonly arena: Arena;
  readonly words: MappedWords;
}

export class ArenaTable {
  readonly #membership: Membership;
  readonly #mapped = new Map<number, MappedArena>();
  /** The arena of each block size that had room the last time. */
  readonly #roomy = new Map<number, MappedArena>();
  /** The entries of the table. */
  readonly #start: number;
  readonly #end: number;
  #retiredSeen: number;

  constructor(mine: Membership) {
    this.#membership = mine;
    this.#start = mine.registry.arenaTable;
    this.#end = this.#start + maxArenas * entryWords;
    this.#retiredSeen = mine.registry.retiredArenas;
  }

  /** The arena of a number; `undefined` when there is none (any more). */
  find(serial: number): MappedArena | undefined {
    const known = this.#mapped.get(serial);
    if (known !== undefined) return known;
    try {
      const mapping = openSegment(fileIn(this.#membership.session, nameOf(serial)));
      const mapped = { arena: new Arena(mapping, serial), words: new MappedWords(mapping, serial, this.#membership) };
      this.#mapped.set(serial, mapped);
      return mapped;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** The same, when this thread has found it before. */
  found(serial: number): MappedArena | undefined {
    return this.#mapped.get(serial);
  }

  /** The arenas that are not retired, of one size or of all. */
  *all(blockBytes?: number): Generator<MappedArena> {
    const { int32 } = this.#membership.registry;
    for (let entry = this.#start; entry < this.#end; entry += entryWords) {
      const serial = Atomics.load(int32, entry);
      if (serial === 0) continue;
      if (blockBytes !== undefined && Atomics.load(int32, entry + 1) !== blockBytes) continue;
      const mapped = this.find(serial);
      if (mapped !== undefined && !mapped.arena.isRetired) yield mapped;
    }
  }

  /** An arena with blocks of a size that has room, or had a moment ago. @throws ResourceLimitError when the machine cannot back one. */
  withRoom(blockBytes: number): MappedArena {
    let mapped = this.#roomy.get(blockBytes);
    if (mapped === undefined) this.#roomy.set(blockBytes, (mapped = this.#findRoom(blockBytes) ?? this.#create(blockBytes)));
    return mapped;
  }

  /** What `withRoom` gave has no room any more. */
  noteFull(blockBytes: number): void {
    this.#roomy.delete(blockBytes);
  }

  /** Gives an empty arena back, unless it is the last of its size. */
  retire(arena: Arena): void {
    if (this.#isLast(arena)) return;
    const { registry, self } = this.#membership;
    registry.exclusively(self.id, () => this.retireAlone(arena));
  }

  /** The same, under the manager lock. */
  retireAlone(arena: Arena): void {
    if (arena.isRetired || this.#isLast(arena) || !arena.retire()) return;
    killPoint("arena-table.retired");
    this.#strike(arena.serial);
  }

  /** Forgets arenas that were retired by anyone, so that their memory can be unmapped. */
  dropRetired(): void {
    const retired = this.#membership.registry.retiredArenas;
    if (retired === this.#retiredSeen) return;
    this.#retiredSeen = retired;
    for (const [serial, { arena }] of this.#mapped) if (arena.isRetired) this.#mapped.delete(serial);
    for (const [blockBytes, { arena }] of this.#roomy) if (arena.isRetired) this.#roomy.delete(blockBytes);
  }

  /**
   * Finishes what managers that were killed left half-done: arenas that are retired, or nobody's since they were not entered yet.
   * Only under the manager lock.
   */
  repair(): void {
    const files = foldersOf(this.#membership.session).flatMap((folder) => numbersIn(folder, "arena-"));
    const entered = new Set<number>();
    for (let entry = this.#start; entry < this.#end; entry += entryWords) {
      const serial = Atomics.load(this.#membership.registry.int32, entry);
      if (serial === 0) continue;
      const mapped = this.find(serial);
      if (mapped === undefined || mapped.arena.isRetired) {
        this.#strike(serial);
        continue;
      }
      entered.add(serial);
      mapped.arena.repair();
    }
    for (const serial of files) if (!entered.has(serial)) this.#removeFile(serial);
  }

  /** The one that has most room; `undefined` when all are full. */
  #findRoom(blockBytes: number): MappedArena | undefined {
    let best: MappedArena | undefined;
    let most = 0;
    for (const mapped of this.all(blockBytes)) {
      const room = mapped.arena.capacity - mapped.arena.liveCount;
      if (room > most) [best, most] = [mapped, room];
    }
    return best;
  }

  #create(blockBytes: number): MappedArena {
    const { registry, self, session } = this.#membership;
    return registry.exclusively(self.id, () => {
      // Somebody else may have made one while this thread waited.
      const present = this.#findRoom(blockBytes);
      if (present !== undefined) return present;
      let wanted = firstArenaBytes;
      for (const { arena } of this.all(blockBytes)) wanted = Math.max(wanted, arenaBytes(blockBytes, arena.capacity) * 2);
      const capacity = capacityFor(blockBytes, Math.min(wanted, largestArenaBytes));
      const entry = this.#freeEntry();
      const serial = registry.nextSerial();
      const mapping = createSegment(foldersOf(session), nameOf(serial), arenaBytes(blockBytes, capacity));
      const made = {
        arena: Arena.format(mapping, serial, { blockBytes, capacity }),
        words: new MappedWords(mapping, serial, this.#membership),
      };
      this.#mapped.set(serial, made);
      killPoint("arena-table.made");
      Atomics.store(registry.int32, entry + 1, blockBytes);
      Atomics.store(registry.int32, entry, serial);
      return made;
    });
  }

  #freeEntry(): number {
    for (let entry = this.#start; entry < this.#end; entry += entryWords)
      if (Atomics.load(this.#membership.registry.int32, entry) === 0) return entry;
    throw new ResourceLimitError(
      `Cannot share another object: this program has ${maxArenas} arenas of shared memory already, and that is the limit.`,
    );
  }

  #isLast({ blockBytes }: Arena): boolean {
    const [, second] = this.all(blockBytes);
    return second === undefined;
  }

  /** Removes a retired arena from the table and its file from the folder. */
  #strike(serial: number): void {
    const { registry } = this.#membership;
    for (let entry = this.#start; entry < this.#end; entry += entryWords)
      if (Atomics.load(registry.int32, entry) === serial) Atomics.store(registry.int32, entry, 0);
    killPoint("arena-table.struck");
    this.#removeFile(serial);
    registry.noteRetiredArena();
  }

  #removeFile(serial: number): void {
    for (const folder of foldersOf(this.#membership.session)) rmSync(join(folder, nameOf(serial)), { force: true });
  }
}

function nameOf(serial: number): string {
  return `arena-${serial}`;
}
