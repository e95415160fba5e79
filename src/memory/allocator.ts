/**
 * The shared memory this thread holds: it allocates blocks, attaches to those that were sent to it, and lets go of both.
 *
 * Up to 4096 bytes come from an arena (arena-table.ts). What is bigger gets a segment of its own (segments.ts), and a block in an
 * arena that owns it: so both live and die by the same rules (arena.ts), and the segment's file goes when its block is freed.
 *
 * Within a thread a block is held once, however many objects use it: its bit is cleared when the last of them is released
 * or collected.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { StateError } from "../errors.js";
import type { Arena, Remains } from "./arena.js";
import { ArenaTable, type MappedArena } from "./arena-table.js";
import { Consignments, type Ground } from "./consignments.js";
import { drafterOf } from "./extents.js";
import type { Location } from "./location.js";
import type { MappedWords } from "./mapped-words.js";
import { membership, type Membership } from "./membership.js";
import { oneAThread } from "./one-a-thread.js";
import { ownerOfParcel } from "./parcel.js";
import { foldersOf, namesIn, numbersIn } from "./segment-files.js";
import { Segments } from "./segments.js";

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
/** In the block of a segment: its size, as two words. */
const segmentBlockBytes = 64;

export class Allocator implements Ground {
  readonly consignments: Consignments;
  readonly #membership: Membership;
  readonly #arenas: ArenaTable;
  readonly #segments: Segments;
  /** How many objects of this thread use each block it holds. */
  readonly #holds = new Map<number, number>();

  constructor(mine: Membership) {
    this.#membership = mine;
    this.#arenas = new ArenaTable(mine);
    this.#segments = new Segments(mine);
    this.consignments = new Consignments(this, mine);
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
    const mapped = this.#arenas.find(location.arena);
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
    return { words: this.#segments.open(owned, sizeBytes), byteOffset: 0, sizeBytes, isPart: false };
  }

  /**
   * How to tell whether anybody holds a block, or a message on its way names it; this thread need not hold it. `undefined` when it
   * is known that nobody does.
   */
  watch({ arena: serial, block, generation }: Location): Watch | undefined {
    const arena = this.arena(serial);
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
    if (arena.liveCount <= 0) this.#arenas.retire(arena);
    this.#arenas.dropRetired();
    if (isCarrierGone) this.consignments.collect();
  }

  /**
   * Clears every trace of the participant in `slot`: it is dead, or about to leave. Whether something went that may have carried
   * messages: then `Consignments.collect`.
   */
  forget(slot: number): boolean {
    let isCarrierGone = false;
    for (const arena of this.arenas()) {
      for (const remains of arena.forget(slot)) isCarrierGone = this.finish(remains) || isCarrierGone;
    }
    return isCarrierGone;
  }

  /**
   * Frees what nobody holds, and removes segments that no block owns: their block's last holder was killed before it could.
   * Only under the manager lock.
   */
  sweep(): void {
    this.#arenas.repair();
    // Listed first: a segment's number is noted in its block before its file is made.
    const files = foldersOf(this.#membership.session).flatMap((folder) => numbersIn(folder, "segment-"));
    for (const arena of this.arenas()) for (const remains of arena.sweep()) this.finish(remains);
    this.consignments.collectAlone();
    const owned = new Set([...this.arenas()].flatMap((arena) => [...arena.ownedSegments()]));
    for (const segment of new Set(files)) if (!owned.has(segment)) this.#segments.remove(segment);
    this.#removeDrafts();
    for (const arena of [...this.arenas()]) if (arena.count() === 0) this.#arenas.retireAlone(arena);
  }

  /** Does what is left to do of a freed block. Whether it may have carried messages: then `Consignments.collect`. */
  finish(remains: Remains | undefined): boolean {
    if (remains === undefined) return false;
    if (remains.segment !== undefined) this.#segments.remove(remains.segment);
    let isCarrierGone = remains.wasCarrier;
    for (const { arena, block, generation } of remains.listed) {
      isCarrierGone = this.finish(this.arena(arena)?.unlist(block, generation)) || isCarrierGone;
    }
    return isCarrierGone;
  }

  /** The arena of a number; `undefined` when there is none (any more). */
  arena(serial: number): Arena | undefined {
    return this.#arenas.find(serial)?.arena;
  }

  /** The arenas of the session. */
  *arenas(): Generator<Arena> {
    for (const { arena } of this.#arenas.all()) yield arena;
  }

  /** The words of the segment that a block owns. */
  segmentOf(arena: Arena, block: number): MappedWords {
    const owned = arena.owned(block) ?? 0;
    const [low = 0, high = 0] = arena.wordsOf(block);
    return this.#segments.open(owned, low + high * 2 ** 31);
  }

  /** What the whole session uses at this moment. */
  usage(): { readonly blocks: number; readonly arenas: number; readonly segments: number } {
    const arenas = [...this.arenas()];
    return {
      arenas: arenas.length,
      blocks: arenas.reduce((sum, arena) => sum + arena.count(), 0),
      segments: arenas.reduce((sum, arena) => sum + [...arena.ownedSegments()].length, 0),
    };
  }

  #allocateBlock(sizeBytes: number): Location {
    let blockBytes = smallestBlockBytes;
    while (blockBytes < sizeBytes) blockBytes *= 2;
    this.#arenas.dropRetired();
    for (;;) {
      const location = this.#allocateFrom(this.#arenas.withRoom(blockBytes));
      if (location !== undefined) return location;
      this.#arenas.noteFull(blockBytes);
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

  #held(location: Location): MappedArena {
    const mapped = this.#arenas.found(location.arena);
    if (mapped === undefined || !this.#holds.has(keyOf(location))) throw new StateError("Cannot use shared memory that was released.");
    return mapped;
  }

  #createSegment(location: Location, sizeBytes: number): void {
    const { registry } = this.#membership;
    const { arena, words } = this.#held(location);
    const serial = registry.nextSerial();
    arena.own(location.block, serial);
    this.#segments.create(serial, sizeBytes);
    const at = arena.offsetOf(location.block) / 4;
    words.int32[at] = sizeBytes % 2 ** 31;
    words.int32[at + 1] = Math.floor(sizeBytes / 2 ** 31);
  }

  /** Removes what participants that were killed had begun to write, and their parcels. */
  #removeDrafts(): void {
    const { registry, session } = this.#membership;
    const folders = foldersOf(session);
    for (const name of folders.flatMap(namesIn)) {
      const owner = drafterOf(name) ?? ownerOfParcel(name);
      if (owner === undefined || !registry.isGone(owner)) continue;
      for (const folder of folders) rmSync(join(folder, name), { force: true });
    }
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
