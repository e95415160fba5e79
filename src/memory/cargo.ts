/**
 * What keeps alive the shared objects that a message names, while this thread has the message: a hold on its consignment.
 *
 *     encode ── cargoSince ──▶ Cargo ── load, then release ──▶ in a queue, in a pipe ── claim ──▶ Cargo ── unload, decode, release
 *                                 │── handOver ──▶ on its way to the host ── receive, decode
 *                                 └── held until the worker has answered, which lets go of what is named when it has decoded that
 *
 * A cargo that nobody has any more is released when it is collected, and the message is lost then.
 */
import type { Cargo as CargoOfMessage, CargoName, Encoded } from "../wire/extension.js";
import { allocator } from "./allocator.js";
import type { Berth, ProcessName, Sender } from "./consignment.js";
import { killPoint } from "./kill-point.js";
import type { Location } from "./location.js";
import { oneAThread } from "./one-a-thread.js";

/** Bytes of a cargo's reference in front of what a record holds. */
export const referenceBytes = 8;

/** What is being encoded: a message, or others within it. */
interface Naming {
  /** How many messages. */
  depth: number;
  /** The blocks that they name. */
  readonly blocks: Location[];
}

/** One copy of the library may encode what another has made. */
const naming: Naming = oneAThread("naming", () => ({ depth: 0, blocks: [] }));

/** Called when a handle is made. */
export function noteNamed(location: Location): void {
  if (naming.depth > 0) naming.blocks.push(location);
}

/** A message begins to be encoded; `endNaming` with what this returns, when that has ended. */
export function beginNaming(): number {
  naming.depth++;
  return naming.blocks.length;
}

/** What keeps alive the blocks that were named since; `undefined` when there are none. */
export function cargoSince(start: number): Cargo | undefined {
  return naming.blocks.length === start ? undefined : Cargo.of(naming.blocks.slice(start));
}

export function endNaming(start: number): void {
  naming.depth--;
  naming.blocks.length = start;
}

const releaser = new FinalizationRegistry<Location>((location) => allocator().release(location));

export class Cargo implements CargoOfMessage {
  readonly #location: Location;
  #isReleased = false;

  /** `location` is held once for this object. */
  private constructor(location: Location) {
    this.#location = location;
    releaser.register(this, location, this);
  }

  static of(blocks: readonly Location[]): Cargo {
    return new Cargo(allocator().consignments.make(blocks));
  }

  /** Takes hold of what was put into a carrier. */
  static claim(reference: number, berth: Pick<Berth, "carrier" | "number">): Cargo | undefined {
    const location = allocator().consignments.claim(reference, berth);
    return location && new Cargo(location);
  }

  get name(): CargoName {
    return { reference: this.reference, generation: this.#location.generation };
  }

  get reference(): number {
    return allocator().consignments.referenceTo(this.#location);
  }

  /** Right before the store that puts the message. */
  load(berth: Berth): void {
    allocator().consignments.load(this.#location, berth);
  }

  /** After the store that takes the message. */
  unload(): void {
    killPoint("cargo.unloading");
    allocator().consignments.unload(this.#location);
  }

  /** The message goes from a worker to its host, which is told the reference. */
  handOver(host: ProcessName, sender: Sender): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    releaser.unregister(this);
    allocator().consignments.handOver(this.#location, host, sender);
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    releaser.unregister(this);
    killPoint("cargo.releasing");
    allocator().release(this.#location);
  }
}

/** The cargo of a message, if this thread has a hold of it. */
export function cargoOf({ cargo }: Pick<Encoded, "cargo">): Cargo | undefined {
  return cargo instanceof Cargo ? cargo : undefined;
}

/** Lets go of what kept alive what a message names, which has been read. */
export function settle(cargo: CargoOfMessage | undefined): void {
  if (cargo instanceof Cargo) cargo.release();
  else if (cargo !== undefined) allocator().consignments.receive(cargo.name);
}
