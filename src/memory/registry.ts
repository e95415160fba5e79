/**
 * The registry: who takes part in a session. One participant is one thread that maps shared memory (a process's main
 * thread, or a worker thread): each has its own event loop, so its own doorbell, and each can die alone.
 *
 *     word 0        layout version                                     written before the file gets its name
 *     word 1        manager lock: id of who manages, 0 when nobody      compare-exchange; futex
 *     word 2        next serial number of an arena or segment           add
 *     word 3        how many arenas were ever retired                   add (arena.ts)
 *     word 4        how many were buried that had been killed          add
 *     words 64..    arena table: [serial, size class] an entry          under the manager lock (arena.ts)
 *     then          wait table                                          wait-table.ts
 *     then          512 slots of 16 words, the last of which is for a newcomer that finds the others taken and makes room:
 *        0  id of the thread in the operating system, 0 when free   \  one 64-bit word: claimed by a single
 *        1  generation, one more with every claim                    /  compare-exchange, freed by another
 *        2  id of its process      3, 4  its start time (low, high)     written by the claimer
 *        5  generation of the last one in this slot that was killed     written by `reap`
 *
 * A participant's id is `generation << 9 | slot`: positive, below 2^29, never that of an earlier holder of the slot.
 *
 *  1. A slot is claimed by one compare-exchange of (0, generation) to (thread, generation + 1). Two claimers never share one.
 *  2. A claimer killed before it wrote its start time leaves a slot that is judged by its thread id alone: it counts as
 *     dead when no thread has that id.
 *  3. A dead participant's slot is freed only by `reap` (reap.ts), under the manager lock, after everything that names the
 *     slot is gone from arenas and wait table. Until then nobody else can get the slot, so clearing its traces twice is harmless.
 *  4. Whoever has the last slot only buries the dead and goes: it leaves no traces. So the next newcomer frees it when that one is
 *     dead, without the manager lock. If two do, one of them may undo what the next in the slot has written: see 2.
 *  5. The manager lock passes on when its holder is dead: everything done under it can be done again from the start.
 */
import { linkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UnsupportedError } from "../errors.js";
import { isTaskAlive, startTimeOf } from "../platform/liveness.js";
import { native, type Mapping } from "../platform/native.js";
import { killPoint } from "./kill-point.js";
import { createSegment, openSegment } from "./segment.js";

/** How many slots there are. */
export const participantSlots = 512;
/** How many threads of all processes of a session can share memory at a time. */
export const maxParticipants = participantSlots - 1;
/** Entries in the arena table. */
export const maxArenas = 1024;
/** Words in the wait table. */
export const waitTableWords = 128 * 16 * 4 + 128;

const layoutVersion = 1;
const slotBits = 9;
const generationMask = 0xfffff;
const managerLock = 1;
const nextSerial = 2;
const retired = 3;
const killedCount = 4;
const arenaTable = 64;
const waitTable = arenaTable + maxArenas * 2;
const firstSlot = waitTable + waitTableWords;
const slotWords = 16;
const killedWord = 5;
const totalBytes = (firstSlot + participantSlots * slotWords) * 4;
/** How long a waiter for the manager lock sleeps before it looks whether the holder is dead. */
const attendMs = 20;

/** A participant as others see it. */
export interface Participant {
  readonly id: number;
  readonly slot: number;
  readonly processId: number;
}

export class Registry {
  readonly int32: Int32Array;
  /** Where the arena table starts, in words. */
  readonly arenaTable = arenaTable;
  /** Where the wait table starts, in words. */
  readonly waitTable = waitTable;
  readonly #slots: BigInt64Array;
  readonly #mapping: Mapping;

  constructor(mapping: Mapping) {
    this.#mapping = mapping;
    this.int32 = new Int32Array(mapping.buffer, 0, totalBytes / 4);
    this.#slots = new BigInt64Array(mapping.buffer, firstSlot * 4, (participantSlots * slotWords) / 2);
    if (Atomics.load(this.int32, 0) !== layoutVersion) {
      throw new UnsupportedError("Cannot share memory: the other processes of this program use another version of manyhands.");
    }
  }

  /** Opens the registry in `folder`, which exists, or makes it. */
  static open(folder: string): Registry {
    const path = join(folder, "registry");
    try {
      return new Registry(openSegment(path));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    // It gets its name when it is complete; whoever comes second takes the first one's.
    const draft = `registry-${native().threadId()}`;
    rmSync(join(folder, draft), { force: true });
    const mapping = createSegment([folder], draft, totalBytes);
    new Int32Array(mapping.buffer)[0] = layoutVersion;
    killPoint("registry.drafted");
    try {
      linkSync(join(folder, draft), path);
      return new Registry(mapping);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      return new Registry(openSegment(path));
    } finally {
      rmSync(join(folder, draft), { force: true });
    }
  }

  /** Takes a free slot for the calling thread; `undefined` when there is none. */
  claim(): Participant | undefined {
    for (let slot = 0; slot < maxParticipants; slot++) {
      const claimed = this.#claim(slot);
      if (claimed !== undefined) return claimed;
    }
    return undefined;
  }

  /** Takes the last slot, to make room and `free` it; waits while another newcomer has it. */
  claimLast(): Participant {
    const slot = maxParticipants;
    for (;;) {
      const claimed = this.#claim(slot);
      if (claimed !== undefined) return claimed;
      const at = firstSlot + slot * slotWords;
      const [thread, generation] = [Atomics.load(this.int32, at), Atomics.load(this.int32, at + 1)];
      const other = { id: (generation << slotBits) | slot, slot, processId: 0 };
      if (this.isGone(other.id)) this.free(other);
      else native().futexWait(this.#mapping.address + at * 4, thread, attendMs);
    }
  }

  /** Frees the slot of a participant whose traces are gone. Only under the manager lock, or by itself (but see invariant 4). */
  free({ id, slot }: Participant): void {
    const at = (slot * slotWords) / 2;
    const seen = Atomics.load(this.#slots, at);
    if (Number(seen >> 32n) !== id >>> slotBits || (seen & 0xffff_ffffn) === 0n) return;
    for (let word = 2; word < 5; word++) Atomics.store(this.int32, firstSlot + slot * slotWords + word, 0);
    Atomics.compareExchange(this.#slots, at, seen, (seen >> 32n) << 32n);
  }

  /** Everyone whose slot is taken, dead or alive. */
  participants(): Participant[] {
    const found: Participant[] = [];
    for (let slot = 0; slot < participantSlots; slot++) {
      const at = firstSlot + slot * slotWords;
      const generation = Atomics.load(this.int32, at + 1);
      if (Atomics.load(this.int32, at) === 0) continue;
      found.push({ id: (generation << slotBits) | slot, slot, processId: Atomics.load(this.int32, at + 2) });
    }
    return found;
  }

  /**
   * Whether the participant is dead or has left. Reads a file of the operating system, about 15 microseconds,
   * unless its slot has been freed already.
   */
  isGone(id: number): boolean {
    const at = firstSlot + (id & (participantSlots - 1)) * slotWords;
    if (!this.isListed(id)) return true;
    const thread = Atomics.load(this.int32, at);
    const startTime = (Atomics.load(this.int32, at + 3) >>> 0) + Atomics.load(this.int32, at + 4) * 2 ** 32;
    if (!this.isListed(id)) return true;
    return !isTaskAlive({ id: thread, startTime });
  }

  /** Remembers of a participant that is gone, and about to be reaped, that it was killed. Only under the manager lock. */
  noteKilled({ id, slot }: Participant): void {
    // Not listed: it left by itself just now.
    if (!this.isListed(id)) return;
    Atomics.store(this.int32, firstSlot + slot * slotWords + killedWord, id >>> slotBits);
    Atomics.add(this.int32, killedCount, 1);
  }

  /** Whether the participant was killed rather than left by itself; forgotten when the next one with its slot is killed. */
  wasKilled(id: number): boolean {
    const isGone = this.isGone(id);
    const killed = Atomics.load(this.int32, firstSlot + (id & (participantSlots - 1)) * slotWords + killedWord);
    // The dead stay listed until they are reaped.
    return killed === id >>> slotBits || (isGone && this.isListed(id));
  }

  /** Whether the participant's slot is still its own; it may be dead nevertheless. */
  isListed(id: number): boolean {
    const at = firstSlot + (id & (participantSlots - 1)) * slotWords;
    return Atomics.load(this.int32, at + 1) === id >>> slotBits && Atomics.load(this.int32, at) !== 0;
  }

  /** A number no arena or segment of this session had before. */
  nextSerial(): number {
    return Atomics.add(this.int32, nextSerial, 1) + 1;
  }

  /** How many arenas were retired so far. */
  get retiredArenas(): number {
    return Atomics.load(this.int32, retired);
  }

  /** Whether anybody was ever killed, and has been buried. */
  get hasKilled(): boolean {
    return Atomics.load(this.int32, killedCount) !== 0;
  }

  noteRetiredArena(): void {
    Atomics.add(this.int32, retired, 1);
  }

  /** Takes a slot if it is free. */
  #claim(slot: number): Participant | undefined {
    const seen = Atomics.load(this.#slots, (slot * slotWords) / 2);
    if ((seen & 0xffff_ffffn) !== 0n) return undefined;
    const thread = native().threadId();
    const generation = nextGeneration(Number(seen >> 32n));
    const claimed = (BigInt(generation) << 32n) | BigInt(thread);
    if (Atomics.compareExchange(this.#slots, (slot * slotWords) / 2, seen, claimed) !== seen) return undefined;
    killPoint("registry.claimed");
    const at = firstSlot + slot * slotWords;
    const startTime = startTimeOf(thread) ?? 0;
    Atomics.store(this.int32, at + 2, process.pid);
    Atomics.store(this.int32, at + 3, startTime | 0);
    Atomics.store(this.int32, at + 4, Math.floor(startTime / 2 ** 32));
    return { id: (generation << slotBits) | slot, slot, processId: process.pid };
  }

  /** Runs `manage` while no other participant manages. Waits, and takes over from a dead manager. `self` is the caller's id. */
  exclusively<R>(self: number, manage: () => R): R {
    const address = this.#mapping.address + managerLock * 4;
    for (;;) {
      const holder = Atomics.compareExchange(this.int32, managerLock, 0, self);
      if (holder === 0) break;
      const ended = native().futexWait(address, holder, attendMs);
      if (ended === "timed-out" && this.isGone(holder) && Atomics.compareExchange(this.int32, managerLock, holder, self) === holder) break;
    }
    try {
      return manage();
    } finally {
      Atomics.store(this.int32, managerLock, 0);
      native().futexWake(address, 1);
    }
  }
}

function nextGeneration(generation: number): number {
  return (generation + 1) & generationMask || 1;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
