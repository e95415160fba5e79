/**
 * A parcel: a file of shared memory in which a large binary part of a message travels. The thread that made it uses it again and
 * again, since memory that was touched before costs a fraction of new memory.
 *
 *     parcel-1537-3       parcel 3 of participant 1537, its owner
 *        page 0  word 0   state                                       compare-exchange: owner, receivers
 *                word 1   flight: how often it was sent               owner, at home
 *        page 1 ...       the bytes                                   owner, at home
 *     segment-17.40       the same file by a second name: it is on its way through the rings of segment 17
 *
 *     state:   0, at home ──the owner sends it──▶ -flight, on its way ──a receiver──▶ the receiver's id ──the same──▶ 0
 *
 *  1. The bytes are written at home, and read by the receiver whose id is the state. In between nobody touches them.
 *  2. To send it, the owner stores the flight, then the state, then adds the second name, and then the record that tells of it is
 *     written. Killed before that: who follows in the ring removes the second name, reaping the first (allocator.ts).
 *  3. A receiver exchanges the state for its id, removes the second name, then the record, copies, and exchanges its id for 0.
 *     Killed before the record is removed: the next one finds it, and the id of somebody who is gone, and takes over. A record
 *     that tells of another flight is that of a message that was lost, or that was sent again to somebody else: a receiver that
 *     copies at that moment leaves the state alone, and what it has copied is of no use.
 *  4. A message is lost when the rings go with it unread, and when its receiver is killed while it copies. In both cases the
 *     parcel has one name, and nobody alive has it: then the owner takes it back, in one compare-exchange of what it has seen.
 *  5. When the owner leaves, its names go. What is on its way stays until it has arrived, or the rings go.
 *  6. The first name is never given twice, so whoever has a parcel mapped need not open it again.
 */
import { closeSync, linkSync, openSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DecodeError, StateError } from "../errors.js";
import { native, type Mapping } from "../platform/native.js";
import { keepUntransferable } from "../platform/untransferable.js";
import { killPoint } from "./kill-point.js";

/** Where the bytes begin. */
export const contentsAt = 4096;

const stateWord = 0;
const flightWord = 1;
const atHome = 0;
const highestFlight = 0x7fff_ffff;

/** Tells a receiver which parcel comes, and on which of its flights. */
export interface Waybill {
  readonly owner: number;
  readonly number: number;
  readonly flight: number;
}

/** A parcel with something in it. */
export interface Packed {
  readonly parcel: Parcel;
  wasSent: boolean;
  /** Whether it may have to be sent again even when it has arrived: then nothing else is packed until `forget`. */
  isKept: boolean;
}

/** A parcel as its owner has it. */
export class Parcel {
  readonly capacityBytes: number;
  /** When it was last packed or sent, in milliseconds of `performance.now`. */
  usedAt = 0;
  readonly #owner: number;
  readonly #number: number;
  readonly #path: string;
  readonly #mapping: Mapping;
  readonly #words: Int32Array;
  #packed: Packed | undefined;

  private constructor(mapping: Mapping, path: string, { owner, number }: { readonly owner: number; readonly number: number }) {
    this.capacityBytes = mapping.sizeBytes - contentsAt;
    this.#owner = owner;
    this.#number = number;
    this.#path = path;
    this.#mapping = mapping;
    this.#words = new Int32Array(mapping.buffer, 0, 2);
  }

  /** Makes one; `undefined` when the folder has no room for it. */
  static create(folder: string, owner: number, { number, capacityBytes }: { number: number; capacityBytes: number }): Parcel | undefined {
    const path = join(folder, `parcel-${owner}-${number}`);
    const fd = openSync(path, "wx+", 0o600);
    try {
      killPoint("parcel.created");
      if (native().reserve(fd, contentsAt + capacityBytes) === undefined) {
        return new Parcel(native().mapFile(fd, contentsAt + capacityBytes, { isBacked: true }), path, { owner, number });
      }
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
    rmSync(path, { force: true });
    return undefined;
  }

  /** Whether it can be packed. */
  get isFree(): boolean {
    return (
      (this.#packed === undefined || (this.#packed.wasSent && !this.#packed.isKept)) && Atomics.load(this.#words, stateWord) === atHome
    );
  }

  /** Gives out the memory for something to send. It is good as long as its buffer can be reached, until it was sent. */
  pack(sizeBytes: number): { readonly contents: Uint8Array<ArrayBuffer>; readonly packed: Packed } {
    // A buffer of its own, so that its end tells that nobody can send this any more.
    const buffer = native().view(this.#mapping.address, contentsAt + sizeBytes);
    keepUntransferable(buffer);
    this.#packed = { parcel: this, wasSent: false, isKept: false };
    return { contents: new Uint8Array(buffer, contentsAt, sizeBytes), packed: this.#packed };
  }

  /**
   * Sends what was packed, by the name `path`, which is in the same folder. A message that certainly nobody has read may be sent
   * again; one that is kept, also when somebody has read it, or does so now, and nothing comes of that.
   *
   * @throws StateError when it has arrived, and the parcel is used for something else.
   */
  send(packed: Packed, path: string): Waybill {
    if (this.#packed !== packed) throw new StateError("Cannot send a message twice: it has arrived.");
    const flight = (Atomics.load(this.#words, flightWord) % highestFlight) + 1;
    Atomics.store(this.#words, flightWord, flight);
    Atomics.store(this.#words, stateWord, -flight);
    packed.wasSent = true;
    killPoint("parcel.sent");
    rmSync(path, { force: true });
    linkSync(this.#path, path);
    killPoint("parcel.named");
    return { owner: this.#owner, number: this.#number, flight };
  }

  /** Nobody will send what was packed, or send it again. */
  forget(packed: Packed): void {
    if (this.#packed === packed) this.#packed = undefined;
  }

  /** Takes the parcel back if the message it was sent with is lost. */
  recover(isGone: (id: number) => boolean): void {
    const state = Atomics.load(this.#words, stateWord);
    if (this.#packed !== undefined || state === atHome || (state > 0 && !isGone(state))) return;
    if (statSync(this.#path).nlink === 1) Atomics.compareExchange(this.#words, stateWord, state, atHome);
  }

  /** Removes a free parcel. */
  remove(): void {
    this.#packed = undefined;
    this.removeName();
    native().unmap(this.#mapping.address, this.#mapping.sizeBytes);
  }

  removeName(): void {
    rmSync(this.#path, { force: true });
  }
}

/** A parcel as others have it: they have mapped it, and copy from it. */
export class ForeignParcel {
  readonly sizeBytes: number;
  usedAt = 0;
  readonly #mapping: Mapping;
  readonly #words: Int32Array;
  #self = 0;

  constructor(mapping: Mapping) {
    this.sizeBytes = mapping.sizeBytes;
    this.#mapping = mapping;
    this.#words = new Int32Array(mapping.buffer, 0, 2);
  }

  /** Makes the participant `self` the one who has it; false when the message is lost. */
  claim(flight: number, self: number, isGone: (id: number) => boolean): boolean {
    const state = Atomics.load(this.#words, stateWord);
    const isAbandoned = state > 0 && state !== self && isGone(state) && Atomics.load(this.#words, flightWord) === flight;
    if (state !== -flight && !isAbandoned) return false;
    const isClaimed = Atomics.compareExchange(this.#words, stateWord, state, self) === state;
    killPoint("parcel.claimed");
    this.#self = self;
    return isClaimed;
  }

  /** The bytes; they must not be used after `giveBack`. @throws DecodeError when there are fewer. */
  contents(sizeBytes: number): Uint8Array {
    if (!(sizeBytes <= this.sizeBytes - contentsAt)) throw new DecodeError("Cannot read a frame: its parts are malformed.");
    return new Uint8Array(this.#mapping.buffer, contentsAt, sizeBytes);
  }

  giveBack(): void {
    killPoint("parcel.copied");
    Atomics.compareExchange(this.#words, stateWord, this.#self, atHome);
  }

  unmap(): void {
    native().unmap(this.#mapping.address, this.#mapping.sizeBytes);
  }
}

/** The participant whose parcel a file of this name is. */
export function ownerOfParcel(name: string): number | undefined {
  const [, owner] = /^parcel-(\d+)-/.exec(name) ?? [];
  return owner === undefined ? undefined : Number(owner);
}
