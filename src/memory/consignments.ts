/** What this thread does with consignments (consignment.ts): its own, those it receives, and those that are lost. */
import { StateError } from "../errors.js";
import type { CargoName } from "../wire/extension.js";
import { isTaskAlive } from "../platform/liveness.js";
import { blockKind, type Arena, type Remains } from "./arena.js";
import { bytesFor, Consignment, roomFor, type Berth, type ProcessName, type Sender } from "./consignment.js";
import { killPoint } from "./kill-point.js";
import { keyOf, type Location } from "./location.js";
import type { MappedWords } from "./mapped-words.js";
import type { Membership } from "./membership.js";
import { reachable, type Found } from "./reachable.js";
import { maxArenas } from "./registry.js";
import { TidyTimer } from "./tidy-timer.js";

/** The arenas in which consignments are, and what they list. */
export interface Ground {
  allocate(sizeBytes: number): Location;
  adopt(location: Location): void;
  release(location: Location): void;
  arena(serial: number): Arena | undefined;
  arenas(): Iterable<Arena>;
  segmentOf(arena: Arena, block: number): MappedWords;
  finish(remains: Remains | undefined): boolean;
}

/** Milliseconds after which this thread looks for what may be lost. */
const lookAfter = 1000;

/** A block has room for so many entries at most; what is longer is a consignment of consignments. */
const mostEntries = roomFor(4096);

export class Consignments {
  readonly #ground: Ground;
  readonly #membership: Membership;
  readonly #timer = new TidyTimer(lookAfter, () => {
    if (this.#mayBeLost) this.collect();
    return false;
  });
  #mayBeLost = false;

  constructor(ground: Ground, mine: Membership) {
    this.#ground = ground;
    this.#membership = mine;
  }

  /** Lists blocks that this thread holds in a new consignment, which it holds, too. */
  make(blocks: readonly Location[]): Location {
    if (blocks.length > mostEntries) return this.#makeOfParts(blocks);
    const location = this.#ground.allocate(bytesFor(blocks.length));
    const arena = this.#arenaOf(location);
    const consignment = new Consignment(arena.wordsOf(location.block));
    arena.setKind(location.block, blockKind.consignment);
    consignment.seal(location.generation);
    for (const block of blocks) {
      consignment.write(block);
      this.#arenaOf(block).list(block.block);
      killPoint("consignment.listing");
      consignment.raise();
    }
    return location;
  }

  /** Says where a consignment that this thread holds is about to be put: right before the store that puts it. It lives on there. */
  load(location: Location, berth: Berth): void {
    const arena = this.#arenaOf(location);
    new Consignment(arena.wordsOf(location.block)).berth = berth;
    killPoint("consignment.loading");
    arena.list(location.block);
    killPoint("consignment.loaded");
  }

  /** Sends a consignment that this thread holds to the host of this worker, and lets go of it. */
  handOver(location: Location, host: ProcessName, sender: Sender): void {
    const arena = this.#arenaOf(location);
    new Consignment(arena.wordsOf(location.block)).address(host, sender);
    arena.list(location.block);
    killPoint("consignment.sent");
    this.#ground.release(location);
  }

  /** Makes this thread a holder of the consignment in a carrier; `undefined` when there is no such. It stays there until `unload`. */
  claim(reference: number, { carrier, number }: Pick<Berth, "carrier" | "number">): Location | undefined {
    const found = this.#at(reference);
    const berth = found?.consignment.berth;
    if (found === undefined || berth?.number !== number || keyOf(berth.carrier) !== keyOf(carrier)) return undefined;
    if (!this.#adopts(found.location)) return undefined;
    killPoint("consignment.claimed");
    return found.location;
  }

  /** Says that a consignment which this thread holds is in its carrier no more. */
  unload({ arena, block, generation }: Location): void {
    this.#ground.finish(this.#ground.arena(arena)?.unlist(block, generation));
  }

  /** Says which lease keeps a consignment that is in a carrier: right before the store that takes its message. */
  lease(reference: number, entry: number): void {
    const found = this.#at(reference);
    if (found !== undefined) found.consignment.lease = entry;
  }

  /** Ends what keeps alive the blocks that a message from a host or a worker names: it has been read. */
  receive({ reference, generation }: CargoName): void {
    const found = this.#at(reference);
    // It goes with its sender, and that one may just have gone.
    if (found?.location.generation !== generation || !this.#adopts(found.location)) return;
    const listed = found.consignment.empty();
    killPoint("consignment.emptied");
    let isCarrierGone = false;
    for (const { arena, block, generation: known } of listed) {
      isCarrierGone = this.#ground.finish(this.#ground.arena(arena)?.unlist(block, known)) || isCarrierGone;
    }
    if (found.consignment.host?.id === process.pid) this.unload(found.location);
    this.#ground.release(found.location);
    if (isCarrierGone) this.collect();
  }

  /** A consignment that this thread holds, in one number: the entry of its arena, and its own. Good as long as it lives. */
  referenceTo({ arena: serial, block }: Location): number {
    const { int32, arenaTable } = this.#membership.registry;
    for (let entry = 0; entry < maxArenas; entry++) {
      if (Atomics.load(int32, arenaTable + entry * 2) === serial) return entry * 0x1_0000 + block;
    }
    throw new StateError("Cannot send shared objects: their memory is gone.");
  }

  /** Says of a block that this thread holds that messages are put in it. */
  markCarrier(location: Location): void {
    this.#arenaOf(location).setKind(location.block, blockKind.carrier);
  }

  /**
   * Frees what was named by messages that are lost, and by nothing else: they went with what carried them, or with somebody who
   * was killed. `ended`: a worker of this process, all of whose messages have been read that ever will be.
   */
  collect(ended?: Sender): void {
    const { registry, self } = this.#membership;
    registry.exclusively(self.id, () => this.collectAlone(ended));
  }

  /**
   * The same, a little later: something is only named by messages now, or its count of listings is too high since somebody was
   * killed. That cannot be told by the count, and would take long to find out each time.
   */
  collectSoon(): void {
    this.#mayBeLost = true;
    this.#timer.start();
  }

  get mayBeLost(): boolean {
    return this.#mayBeLost;
  }

  /** The same, for those who have the manager lock. */
  collectAlone(ended?: Sender): void {
    this.#mayBeLost = false;
    const arenas = [...this.#ground.arenas()];
    // Seen before the consignments are: whatever happens to one of them in between, it is not freed then (arena.ts, invariant 3).
    const suspects = arenas.flatMap((arena) => arena.suspects().map((suspect) => ({ arena, suspect })));
    if (suspects.length === 0) return;
    killPoint("consignment.collecting");
    const found = [...this.#ground.arenas()].flatMap((arena) => this.#findIn(arena, ended));
    const reached = reachable(found, ({ arena, block }) => this.#ground.arena(arena)?.isHeld(block) === true);
    for (const { arena, suspect } of suspects) {
      if (!reached.has(keyOf({ arena: arena.serial, ...suspect }))) this.#ground.finish(arena.freeSuspect(suspect));
    }
  }

  #adopts(location: Location): boolean {
    try {
      this.#ground.adopt(location);
      return true;
    } catch (error) {
      if (error instanceof StateError) return false;
      throw error;
    }
  }

  #makeOfParts(blocks: readonly Location[]): Location {
    const parts: Location[] = [];
    for (let from = 0; from < blocks.length; from += mostEntries) parts.push(this.make(blocks.slice(from, from + mostEntries)));
    const whole = this.make(parts);
    for (const part of parts) this.#ground.release(part);
    return whole;
  }

  #findIn(arena: Arena, ended: Sender | undefined): Found[] {
    return [...arena.consignments()].map(({ block, generation, consignment }) => {
      const { berth, host, sender, lease, listed } = consignment;
      const hasEnded = ended !== undefined && sender.processId === ended.processId && sender.threadId === ended.threadId;
      return {
        location: { arena: arena.serial, block, generation },
        listed,
        isHeld: arena.isHeld(block) || (host !== undefined && !hasEnded && isTaskAlive(host)),
        carrier: berth !== undefined && this.#isAboard(berth, lease) ? berth.carrier : undefined,
      };
    });
  }

  /** Whether a carrier that lives has the message of that number: nobody has taken it yet, or somebody has leased it. */
  #isAboard({ carrier, takenWord, putWord, number }: Berth, lease: number): boolean {
    const arena = this.#ground.arena(carrier.arena);
    if (arena?.isLive(carrier.block, carrier.generation) !== true) return false;
    const { int32 } = this.#ground.segmentOf(arena, carrier.block);
    const taken = Atomics.load(int32, takenWord);
    if (((number - taken) | 0) >= 0) return ((Atomics.load(int32, putWord) - number) | 0) > 0;
    return lease !== 0 && Atomics.load(int32, lease) !== 0 && Atomics.load(int32, lease + 2) === number;
  }

  #at(reference: number): { readonly location: Location; readonly consignment: Consignment } | undefined {
    const { int32, arenaTable } = this.#membership.registry;
    const [entry, block] = [reference >>> 16, reference & 0xffff];
    const serial = entry < maxArenas ? Atomics.load(int32, arenaTable + entry * 2) : 0;
    const arena = serial === 0 ? undefined : this.#ground.arena(serial);
    if (arena === undefined || block >= arena.capacity) return undefined;
    const generation = arena.generationOf(block);
    const consignment = arena.isLive(block, generation) ? arena.consignment(block) : undefined;
    return consignment && { location: { arena: serial, block, generation }, consignment };
  }

  #arenaOf({ arena: serial }: Location): Arena {
    const arena = this.#ground.arena(serial);
    if (arena === undefined) throw new StateError("Cannot send a shared object that was released.");
    return arena;
  }
}
