/**
 * The shared memory this thread holds: it allocates blocks, attaches to those that were sent to it, and lets go of both.
 *
 * Up to 4096 bytes come from an arena. What is bigger gets a segment of its own, and a block in an arena that owns it:
 * so both live and die by the same rules (arena.ts), and the segment's file goes when its block is freed.
 *
 * Within a thread a block is held once, however many objects use it: its bit is cleared when the last of them is released
 * or collected.
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ResourceLimitError, StateError } from "../errors.js";
import { Arena, arenaBytes, capacityFor, type Remains } from "./arena.js";
import { Consignments, type Ground } from "./consignments.js";
import { drafterOf } from "./extents.js";
import { killPoint } from "./kill-point.js";
import type { Location } from "./location.js";
import { MappedWords } from "./mapped-words.js";
import { membership, type Membership } from "./membership.js";
import { oneAThread } from "./one-a-thread.js";
import { ownerOfParcel } from "./parcel.js";
import { maxArenas } from "./registry.js";
import { namesIn, numbersIn, removeSegment, segmentName } from "./segment-files.js";
import { createSegment, openSegment } from "./segment.js";

export type { Location };

/** Tells whether a block is held by anybody. */
export interface Watch {
  /** As far as is known: a holder that was killed counts until it is reaped. About 20 nanoseconds. */
  isHeld(): boolean;
  /** Frees the block if whoever let go last was killed before it could. */
  settle(): void;
}

/** Memory as this thread sees it. */
export interface Place {
  readonly words: MappedWords;
  readonly byteOffset: number;
  readonly sizeBytes: number;
  /** Whether the memory is one block among others in `words`, rather than the whole of it. */
  readonly isPart: boolean;
}

const smallestBlockBytes = 64;
const largestBlockBytes = 4096;
const firstArenaBytes = 64 * 1024;
const largestArenaBytes = 4 * 1024 * 1024;
/** In the block of a segment: its size, as two words. */
const segmentBlockBytes = 64;

interface MappedArena {
  readonly arena: Arena;
  readonly words: MappedWords;
}

export class Allocator implements Ground {
  readonly consignments: Consignments;
  readonly #membership: Membership;
  readonly #arenas = new Map<number, MappedArena>();
  /** How many objects of this thread use each block it holds. */
  readonly #holds = new Map<number, number>();
  /** The arena of each block size that had room the last time. */
  readonly #roomy = new Map<number, MappedArena>();
  /** The words of each segment that is in use here: one view of a mapping. */
  readonly #segments = new Map<number, WeakRef<MappedWords>>();
  /** Not by looking at all of them now and then: a look makes the collector keep what it is at. */
  readonly #forgetter = new FinalizationRegistry<number>((serial) => {
    if (this.#segments.get(serial)?.deref() === undefined) this.#segments.delete(serial);
  });
  #retiredSeen: number;

  constructor(mine: Membership) {
    this.#membership = mine;
    this.consignments = new Consignments(this, mine);
    this.#retiredSeen = mine.registry.retiredArenas;
    mine.onLeave(() => {
      if (this.forget(mine.self.slot) || this.consignments.mayBeLost) this.consignments.collect();
    });
  }

  /** Takes zeroed memory; this thread holds it. @throws ResourceLimitError when the machine cannot back it. */
  allocate(sizeBytes: number): Location {
    if (sizeBytes <= largestBlockBytes) return this.#allocateBlock(sizeBytes);
    const location = this.#allocateBlock(segmentBlockBytes);
    try {
      this.#createSegment(location, sizeBytes);
    } catch (error) {
      this.release(location);
      throw error;
    }
    return location;
  }

  /** Makes this thread a holder of a block that was sent to it. @throws StateError when it has been freed. */
  adopt(location: Location): void {
    const mapped = this.#mapped(location.arena);
    if (mapped === undefined || !mapped.arena.adopt(location.block, location.generation, this.#membership.self.slot)) {
      throw new StateError(
        "Cannot use a shared object that was sent: nobody holds it any more. Keep it where it was made until it has been received.",
      );
    }
    const key = keyOf(location);
    this.#holds.set(key, (this.#holds.get(key) ?? 0) + 1);
  }

  /** Holds a block that this thread holds once more. */
  hold(location: Location): void {
    this.#held(location);
    const key = keyOf(location);
    this.#holds.set(key, (this.#holds.get(key) ?? 0) + 1);
  }

  /** Where a block that this thread holds is in its memory. */
  place(location: Location): Place {
    const { arena, words } = this.#held(location);
    const owned = arena.owned(location.block);
    const at = arena.offsetOf(location.block);
    if (owned === undefined) return { words, byteOffset: at, sizeBytes: arena.blockBytes, isPart: true };
    const sizeBytes = (words.int32[at / 4] ?? 0) + (words.int32[at / 4 + 1] ?? 0) * 2 ** 31;
    const mapped = this.#segments.get(owned)?.deref() ?? this.#openSegment(owned, sizeBytes);
    return { words: mapped, byteOffset: 0, sizeBytes, isPart: false };
  }

  /**
   * How to tell whether anybody holds a block, or a message on its way names it; this thread need not hold it. `undefined` when it
   * is known that nobody does.
   */
  watch({ arena: serial, block, generation }: Location): Watch | undefined {
    const arena = this.#mapped(serial)?.arena;
    if (arena === undefined || block >= arena.capacity) return undefined;
    return {
      isHeld: () => arena.isLive(block, generation),
      settle: () => {
        if (arena.isLive(block, generation)) this.finish(arena.free(block));
      },
    };
  }

  /** Lets go of a block once: once for every `allocate` and `adopt`. */
  release(location: Location): void {
    const key = keyOf(location);
    const holds = this.#holds.get(key) ?? 0;
    if (holds > 1) {
      this.#holds.set(key, holds - 1);
      return;
    }
    const { arena } = this.#held(location);
    this.#holds.delete(key);
    const isCarrierGone = this.finish(arena.release(location.block, this.#membership.self.slot)) || arena.isLostCarrier(location);
    if (this.#membership.registry.hasKilled && arena.isOnTheWay(location)) this.consignments.collectSoon();
    if (arena.liveCount <= 0) this.#retire(arena);
    this.#dropRetired();
    if (isCarrierGone) this.consignments.collect();
  }

  /**
   * Clears every trace of the participant in `slot`: it is dead, or about to leave. Whether something went that may have carried
   * messages: then `Consignments.collect`.
   */
  forget(slot: number): boolean {
    let isCarrierGone = false;
    for (const { arena } of this.#all()) {
      for (const remains of arena.forget(slot)) isCarrierGone = this.finish(remains) || isCarrierGone;
    }
    return isCarrierGone;
  }

  /**
   * Frees what nobody holds, and removes segments that no block owns: their block's last holder was killed before it could.
   * Only under the manager lock.
   */
  sweep(): void {
    this.#repair();
    // Listed first: a segment's number is noted in its block before its file is made.
    const files = this.#folders.flatMap((folder) => numbersIn(folder, "segment-"));
    const owned = new Set<number>();
    for (const { arena } of this.#all()) for (const remains of arena.sweep()) this.finish(remains);
    this.consignments.collectAlone();
    for (const { arena } of this.#all()) for (const segment of arena.ownedSegments()) owned.add(segment);
    for (const segment of new Set(files)) if (!owned.has(segment)) this.#remove(segment);
    this.#removeDrafts();
    for (const { arena } of [...this.#all()]) if (arena.count() === 0) this.#retireAlone(arena);
  }

  /** Does what is left to do of a freed block. Whether it may have carried messages: then `Consignments.collect`. */
  finish(remains: Remains | undefined): boolean {
    if (remains === undefined) return false;
    this.#remove(remains.segment);
    let isCarrierGone = remains.wasCarrier;
    for (const { arena, block, generation } of remains.listed) {
      isCarrierGone = this.finish(this.arena(arena)?.unlist(block, generation)) || isCarrierGone;
    }
    return isCarrierGone;
  }

  /** The arena of a number; `undefined` when there is none (any more). */
  arena(serial: number): Arena | undefined {
    return this.#mapped(serial)?.arena;
  }

  /** The arenas of the session. */
  *arenas(): Generator<Arena> {
    for (const { arena } of this.#all()) yield arena;
  }

  /** The words of the segment that a block owns. */
  segmentOf(arena: Arena, block: number): MappedWords {
    const owned = arena.owned(block) ?? 0;
    const [low = 0, high = 0] = arena.wordsOf(block);
    return this.#segments.get(owned)?.deref() ?? this.#openSegment(owned, low + high * 2 ** 31);
  }

  /** What the whole session uses at this moment. */
  usage(): { readonly blocks: number; readonly arenas: number; readonly segments: number } {
    const arenas = [...this.#all()].map(({ arena }) => arena);
    return {
      arenas: arenas.length,
      blocks: arenas.reduce((sum, arena) => sum + arena.count(), 0),
      segments: arenas.reduce((sum, arena) => sum + [...arena.ownedSegments()].length, 0),
    };
  }

  #allocateBlock(sizeBytes: number): Location {
    let blockBytes = smallestBlockBytes;
    while (blockBytes < sizeBytes) blockBytes *= 2;
    this.#dropRetired();
    for (;;) {
      const roomy = this.#roomy.get(blockBytes);
      const location = roomy === undefined ? undefined : this.#allocateFrom(roomy);
      if (location !== undefined) return location;
      this.#roomy.set(blockBytes, this.#findRoom(blockBytes) ?? this.#createArena(blockBytes));
    }
  }

  #allocateFrom({ arena }: MappedArena): Location | undefined {
    const block = arena.allocate(this.#membership.self.slot);
    if (block === undefined) {
      arena.count();
      return undefined;
    }
    const location = { arena: arena.serial, block, generation: arena.generationOf(block) };
    this.#holds.set(keyOf(location), 1);
    return location;
  }

  /** The arena with blocks of a size that has most room; `undefined` when all are full. */
  #findRoom(blockBytes: number): MappedArena | undefined {
    let best: MappedArena | undefined;
    let most = 0;
    for (const mapped of this.#all(blockBytes)) {
      const room = mapped.arena.capacity - mapped.arena.liveCount;
      if (room > most) [best, most] = [mapped, room];
    }
    return best;
  }

  /** The arenas of the session, of one size or of all. */
  *#all(blockBytes?: number): Generator<MappedArena> {
    const { int32, arenaTable } = this.#membership.registry;
    for (let entry = arenaTable; entry < arenaTable + maxArenas * 2; entry += 2) {
      const serial = Atomics.load(int32, entry);
      if (serial === 0) continue;
      if (blockBytes !== undefined && Atomics.load(int32, entry + 1) !== blockBytes) continue;
      const mapped = this.#mapped(serial);
      if (mapped !== undefined && !mapped.arena.isRetired) yield mapped;
    }
  }

  #createArena(blockBytes: number): MappedArena {
    const { registry, self } = this.#membership;
    return registry.exclusively(self.id, () => {
      // Somebody else may have made one while this thread waited.
      const present = this.#findRoom(blockBytes);
      if (present !== undefined) return present;
      let wanted = firstArenaBytes;
      for (const { arena } of this.#all(blockBytes)) wanted = Math.max(wanted, arenaBytes(blockBytes, arena.capacity) * 2);
      const capacity = capacityFor(blockBytes, Math.min(wanted, largestArenaBytes));
      const entry = this.#freeEntry();
      const serial = registry.nextSerial();
      const mapping = createSegment(this.#folders, `arena-${serial}`, arenaBytes(blockBytes, capacity));
      const made = {
        arena: Arena.format(mapping, serial, { blockBytes, capacity }),
        words: new MappedWords(mapping, serial, this.#membership),
      };
      this.#arenas.set(serial, made);
      killPoint("allocator.arena-made");
      Atomics.store(registry.int32, entry + 1, blockBytes);
      Atomics.store(registry.int32, entry, serial);
      return made;
    });
  }

  #freeEntry(): number {
    const { int32, arenaTable } = this.#membership.registry;
    for (let entry = arenaTable; entry < arenaTable + maxArenas * 2; entry += 2) {
      if (Atomics.load(int32, entry) === 0) return entry;
    }
    throw new ResourceLimitError(
      `Cannot share another object: this program has ${maxArenas} arenas of shared memory already, and that is the limit.`,
    );
  }

  /** Gives an empty arena back, unless it is the last of its size. */
  #retire(arena: Arena): void {
    if (this.#isLast(arena)) return;
    const { registry, self } = this.#membership;
    registry.exclusively(self.id, () => this.#retireAlone(arena));
  }

  #retireAlone(arena: Arena): void {
    if (arena.isRetired || this.#isLast(arena) || !arena.retire()) return;
    killPoint("allocator.retired");
    this.#strike(arena.serial);
  }

  #isLast({ blockBytes }: Arena): boolean {
    const [, second] = this.#all(blockBytes);
    return second === undefined;
  }

  /** Removes a retired arena from the table and its file from the folder. Only under the manager lock. */
  #strike(serial: number): void {
    const { registry } = this.#membership;
    for (let entry = registry.arenaTable; entry < registry.arenaTable + maxArenas * 2; entry += 2) {
      if (Atomics.load(registry.int32, entry) === serial) Atomics.store(registry.int32, entry, 0);
    }
    killPoint("allocator.struck");
    this.#removeFile(`arena-${serial}`);
    registry.noteRetiredArena();
  }

  /** Finishes what managers that were killed left half-done: arenas that are retired, or nobody's since they were not entered yet. */
  #repair(): void {
    const { registry } = this.#membership;
    const files = this.#folders.flatMap((folder) => numbersIn(folder, "arena-"));
    const entered = new Set<number>();
    for (let entry = registry.arenaTable; entry < registry.arenaTable + maxArenas * 2; entry += 2) {
      const serial = Atomics.load(registry.int32, entry);
      if (serial === 0) continue;
      const mapped = this.#mapped(serial);
      if (mapped === undefined || mapped.arena.isRetired) {
        this.#strike(serial);
        continue;
      }
      entered.add(serial);
      mapped.arena.repair();
    }
    for (const serial of files) if (!entered.has(serial)) this.#removeFile(`arena-${serial}`);
  }

  /** Forgets arenas that were retired by anyone, so that their memory can be unmapped. */
  #dropRetired(): void {
    const retired = this.#membership.registry.retiredArenas;
    if (retired === this.#retiredSeen) return;
    this.#retiredSeen = retired;
    for (const [serial, { arena }] of this.#arenas) if (arena.isRetired) this.#arenas.delete(serial);
    for (const [blockBytes, { arena }] of this.#roomy) if (arena.isRetired) this.#roomy.delete(blockBytes);
  }

  /** The arena of a number; `undefined` when there is none (any more). */
  #mapped(serial: number): MappedArena | undefined {
    const known = this.#arenas.get(serial);
    if (known !== undefined) return known;
    try {
      const mapping = openSegment(this.#pathOf(`arena-${serial}`));
      const mapped = { arena: new Arena(mapping, serial), words: new MappedWords(mapping, serial, this.#membership) };
      this.#arenas.set(serial, mapped);
      return mapped;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  #held(location: Location): MappedArena {
    const mapped = this.#arenas.get(location.arena);
    if (mapped === undefined || !this.#holds.has(keyOf(location))) throw new StateError("Cannot use shared memory that was released.");
    return mapped;
  }

  #createSegment(location: Location, sizeBytes: number): void {
    const { registry } = this.#membership;
    const { arena, words } = this.#held(location);
    const serial = registry.nextSerial();
    arena.own(location.block, serial);
    const mapping = createSegment(this.#folders, segmentName(serial), sizeBytes);
    this.#cache(new MappedWords(mapping, serial, this.#membership));
    const at = arena.offsetOf(location.block) / 4;
    words.int32[at] = sizeBytes % 2 ** 31;
    words.int32[at + 1] = Math.floor(sizeBytes / 2 ** 31);
  }

  #openSegment(serial: number, sizeBytes: number): MappedWords {
    return this.#cache(new MappedWords(openSegment(this.#pathOf(segmentName(serial)), sizeBytes), serial, this.#membership));
  }

  /** The path of a file that may be in either folder. */
  #pathOf(name: string): string {
    const { folder, spillFolder } = this.#membership.session;
    const path = join(folder, name);
    const spilled = join(spillFolder, name);
    return !existsSync(path) && existsSync(spilled) ? spilled : path;
  }

  #removeFile(name: string): void {
    for (const folder of this.#folders) rmSync(join(folder, name), { force: true });
  }

  get #folders(): readonly string[] {
    const { folder, spillFolder } = this.#membership.session;
    return [folder, spillFolder];
  }

  #cache(words: MappedWords): MappedWords {
    this.#segments.set(words.serial, new WeakRef(words));
    this.#forgetter.register(words, words.serial);
    return words;
  }

  /** Removes what participants that were killed had begun to write, and their parcels. */
  #removeDrafts(): void {
    const { registry } = this.#membership;
    for (const name of this.#folders.flatMap(namesIn)) {
      const owner = drafterOf(name) ?? ownerOfParcel(name);
      if (owner !== undefined && registry.isGone(owner)) this.#removeFile(name);
    }
  }

  #remove(segment: number | undefined): void {
    if (segment === undefined) return;
    killPoint("allocator.orphan");
    removeSegment(this.#folders, segment);
    this.#segments.delete(segment);
  }
}

let made: Allocator | undefined;

/** This thread's allocator; the first call joins the session. @throws UnsupportedError where memory cannot be shared between processes. */
export function allocator(): Allocator {
  return (made ??= oneAThread("allocator", () => new Allocator(membership())));
}

function keyOf({ arena, block }: Location): number {
  return arena * 0x1_0000 + block;
}
