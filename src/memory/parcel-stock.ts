/**
 * The parcels of this thread (parcel.ts): it packs what it sends into those that are at home, and makes more of them within limits.
 * Where there is none, the message takes another way: so nothing depends on them but speed.
 */
import { hasNative } from "../platform/native.js";
import { freeBytes } from "../platform/places.js";
import { membership, type Membership } from "./membership.js";
import { isMadeInThread, oneAThread } from "./one-a-thread.js";
import { Parcel, type Packed } from "./parcel.js";
import { TidyTimer } from "./tidy-timer.js";

/** Smaller parts are cheaper to copy twice than to look after. */
export const parcelFromBytes = 1024 * 1024;
/** What a thread may have at a time: memory that nobody else can use. The first one may be larger. */
const maxTotalBytes = 256 * 1024 * 1024;
const maxParcels = 64;
/**
 * Milliseconds for which a parcel is kept that nobody uses. Who sends less often does not notice what a new one costs, which is
 * about twice what it takes to copy into it.
 */
const keepFor = 1000;

interface Message {
  readonly attachments: readonly Uint8Array[];
}

class ParcelStock {
  readonly #membership: Membership;
  readonly #parcels: Parcel[] = [];
  readonly #packed = new WeakMap<ArrayBufferLike, Packed>();
  readonly #forgetter = new FinalizationRegistry<Packed>((packed) => packed.parcel.forget(packed));
  #lastNumber = 0;
  readonly #timer = new TidyTimer(keepFor, () => this.#tidy());

  constructor(mine: Membership) {
    this.#membership = mine;
    mine.onLeave(() => {
      for (const parcel of this.#parcels) parcel.removeName();
    });
  }

  /** Memory for a part of a message, if there is a parcel for it. */
  pack(sizeBytes: number): Uint8Array<ArrayBuffer> | undefined {
    const parcel = this.#free(sizeBytes) ?? this.#make(capacityFor(sizeBytes));
    if (parcel === undefined) return undefined;
    const { contents, packed } = parcel.pack(sizeBytes);
    parcel.usedAt = performance.now();
    this.#packed.set(contents.buffer, packed);
    this.#forgetter.register(contents.buffer, packed);
    this.#timer.start();
    return contents;
  }

  /** What a part of a message is packed in; `undefined` for ordinary memory. */
  packedIn(part: Uint8Array): Packed | undefined {
    return this.#packed.get(part.buffer);
  }

  #free(sizeBytes: number): Parcel | undefined {
    return this.#parcels.find(
      ({ isFree, capacityBytes }) => isFree && capacityBytes >= sizeBytes && capacityBytes <= capacityFor(sizeBytes) * 2,
    );
  }

  #make(capacityBytes: number): Parcel | undefined {
    if (!this.#hasRoom(capacityBytes)) {
      this.#recover();
      this.#removeFree(Infinity);
      if (!this.#hasRoom(capacityBytes)) return undefined;
    }
    const { session, self } = this.#membership;
    // Half of what is left, at most: other objects need memory, too.
    if (freeBytes(session.folder) < capacityBytes * 2) return undefined;
    const parcel = Parcel.create(session.folder, self.id, { number: ++this.#lastNumber, capacityBytes });
    if (parcel !== undefined) this.#parcels.push(parcel);
    return parcel;
  }

  #hasRoom(capacityBytes: number): boolean {
    const total = this.#parcels.reduce((sum, parcel) => sum + parcel.capacityBytes, capacityBytes);
    return this.#parcels.length === 0 || (total <= maxTotalBytes && this.#parcels.length < maxParcels);
  }

  #recover(): void {
    const { registry } = this.#membership;
    for (const parcel of this.#parcels) parcel.recover((id) => registry.isGone(id));
  }

  /** Removes the free parcels that were last used before `time`. */
  #removeFree(time: number): void {
    for (const parcel of this.#parcels.filter(({ isFree, usedAt }) => isFree && usedAt < time)) {
      this.#parcels.splice(this.#parcels.indexOf(parcel), 1);
      parcel.remove();
    }
  }

  /** Whether there are any left. */
  #tidy(): boolean {
    this.#recover();
    this.#removeFree(performance.now() - keepFor);
    return this.#parcels.length > 0;
  }
}

/** Makes memory for the large binary parts of a message that goes to another process: where it can, in a parcel. */
export function packingMemory(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return (sizeBytes < parcelFromBytes || !hasNative() ? undefined : pack(sizeBytes)) ?? new Uint8Array(sizeBytes);
}

/** Keeps what is packed for a message that may have to be sent again, until `letGoOfPacked`, or until it can be reached no more. */
export function keepPacked({ attachments }: Message): void {
  for (const part of attachments) {
    const packed = packedIn(part);
    if (packed !== undefined) packed.isKept = true;
  }
}

/** The message is not sent again: its parcels can be used for others. */
export function letGoOfPacked({ attachments }: Message): void {
  for (const part of attachments) {
    const packed = packedIn(part);
    if (packed !== undefined) packed.isKept = false;
  }
}

/** Memory in a parcel; `undefined` when there is none for it. */
export function pack(sizeBytes: number): Uint8Array<ArrayBuffer> | undefined {
  return stock().pack(sizeBytes);
}

/** What a part of a message is packed in; `undefined` for ordinary memory. */
export function packedIn(part: Uint8Array): Packed | undefined {
  return isMadeInThread(stockName) ? stock().packedIn(part) : undefined;
}

const stockName = "parcel stock";

function stock(): ParcelStock {
  return oneAThread(stockName, () => new ParcelStock(membership()));
}

/** Sizes in steps of an eighth at most, so that a parcel fits more than one size. */
function capacityFor(sizeBytes: number): number {
  const step = 2 ** Math.max(16, Math.floor(Math.log2(sizeBytes)) - 3);
  return Math.ceil(sizeBytes / step) * step;
}
