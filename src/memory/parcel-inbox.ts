/** The parcels of others that this thread has mapped (parcel.ts): the next message in one of them costs no system call. */
import { closeSync, fstatSync } from "node:fs";
import { native } from "../platform/native.js";
import { membership } from "./membership.js";
import { ForeignParcel, type Waybill } from "./parcel.js";
import { TidyTimer } from "./tidy-timer.js";

/** What a thread keeps mapped: memory that may have no name any more, and goes when it is unmapped. */
const maxTotalBytes = 256 * 1024 * 1024;
/** Milliseconds for which a parcel stays mapped that nothing comes in. */
const keepFor = 1000;

/** Finds the file of a parcel that is not mapped yet; `undefined` when it is not there. Whoever asks closes it. */
export type FindFile = () => number | undefined;

class ParcelInbox {
  /** The least lately used first. */
  readonly #mapped = new Map<string, ForeignParcel>();
  readonly #timer = new TidyTimer(keepFor, () => this.#tidy());

  /** Takes a parcel that has come, so that nobody else does; `undefined` when its message is lost. */
  claim({ owner, number, flight }: Waybill, find: FindFile): ForeignParcel | undefined {
    const name = `${owner}-${number}`;
    const parcel = this.#mapped.get(name) ?? map(find);
    if (parcel === undefined) return undefined;
    this.#mapped.delete(name);
    this.#mapped.set(name, parcel);
    parcel.usedAt = performance.now();
    this.#timer.start();
    const { registry, self } = membership();
    return parcel.claim(flight, self.id, (id) => registry.isGone(id)) ? parcel : undefined;
  }

  /** Unmaps what is too much. Not while a claimed parcel is read. */
  trim(): void {
    let total = 0;
    for (const { sizeBytes } of this.#mapped.values()) total += sizeBytes;
    for (const [name, parcel] of this.#mapped) {
      if (total <= maxTotalBytes || this.#mapped.size === 1) return;
      total -= parcel.sizeBytes;
      this.#unmap(name, parcel);
    }
  }

  /** Whether there are any left. */
  #tidy(): boolean {
    const time = performance.now() - keepFor;
    for (const [name, parcel] of this.#mapped) if (parcel.usedAt < time) this.#unmap(name, parcel);
    return this.#mapped.size > 0;
  }

  #unmap(name: string, parcel: ForeignParcel): void {
    this.#mapped.delete(name);
    parcel.unmap();
  }
}

let made: ParcelInbox | undefined;

export function parcelInbox(): ParcelInbox {
  return (made ??= new ParcelInbox());
}

function map(find: FindFile): ForeignParcel | undefined {
  const fd = find();
  if (fd === undefined) return undefined;
  try {
    return new ForeignParcel(native().mapFile(fd, fstatSync(fd).size, { isBacked: true }));
  } finally {
    closeSync(fd);
  }
}
