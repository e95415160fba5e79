/** Words in mapped memory, for processes and threads: futex for those who block, doorbells for those who do not. */
import { native, type Mapping, type Native } from "../platform/native.js";
import type { Membership, Ringable } from "./membership.js";
import { PendingWaits, type WaitSource } from "./pending-waits.js";
import { killPoint } from "./kill-point.js";
import type { WaitResult, WordWaitOptions, Words } from "./waitable.js";

export class MappedWords implements Words, WaitSource, Ringable {
  readonly int32: Int32Array;
  readonly buffer: ArrayBuffer;
  /** Names the memory within the session; with an index it names a word. */
  readonly serial: number;
  /** Where the memory is, while these words can be reached. */
  readonly address: number;
  readonly #native: Native = native();
  readonly #membership: Membership;
  readonly #pending: PendingWaits;
  /** The ticket in the wait table of each word that is waited on here. */
  readonly #tickets = new Map<number, number>();

  constructor(mapping: Mapping, serial: number, membership: Membership) {
    this.buffer = mapping.buffer;
    this.int32 = new Int32Array(mapping.buffer, 0, Math.floor(mapping.sizeBytes / 4));
    this.serial = serial;
    this.address = mapping.address;
    this.#membership = membership;
    this.#pending = new PendingWaits(this.int32, this);
  }

  wait(index: number, expected: number, timeout?: number): WaitResult {
    if (Atomics.load(this.int32, index) !== expected) return "not-equal";
    if (timeout !== undefined && timeout <= 0) return "timed-out";
    return this.#native.futexWait(this.address + index * 4, expected, timeout === Infinity ? undefined : timeout);
  }

  waitAsync(index: number, expected: number, options: WordWaitOptions = {}): Promise<WaitResult> {
    return this.#pending.wait(index, expected, options);
  }

  wake(index: number, count: number): void {
    this.#native.futexWake(this.address + index * 4, Math.min(count, 0x7fff_ffff));
    killPoint("words.wake");
    const { registry, waitTable, bells, self } = this.#membership;
    for (;;) {
      const owners = waitTable.pick(this.serial, index, count, (owner) => registry.isListed(owner));
      let lost = false;
      for (const owner of owners === "everybody" ? registry.participants().map(({ id }) => id) : owners) {
        if (owner === self.id) this.#wakeHere(index, count);
        else if (!bells.ring(owner) && owners !== "everybody") {
          // Nobody listens: it is dead. Its entry goes, and somebody else gets its wake-up.
          waitTable.forget(owner);
          lost = true;
        }
      }
      if (!lost) return;
    }
  }

  begin(index: number): void {
    const { self, waitTable } = this.#membership;
    if (this.#tickets.size === 0) this.#membership.startWaiting(this);
    this.#tickets.set(index, waitTable.register(self.id, this.serial, index));
    killPoint("words.registered");
  }

  end(index: number, gaveUp: boolean): void {
    const ticket = this.#tickets.get(index);
    if (ticket === undefined) return;
    this.#tickets.delete(index);
    if (this.#tickets.size === 0) this.#membership.stopWaiting(this);
    const wasRung = ticket >= 0 && this.#membership.waitTable.takeRung(ticket);
    this.#membership.waitTable.unregister(ticket);
    // It was chosen, but does not act on it any more: the next one must.
    if (wasRung && gaveUp) this.wake(index, 1);
  }

  ref(): void {
    this.#membership.ref();
  }

  unref(): void {
    this.#membership.unref();
  }

  rung(): void {
    for (const [index, ticket] of [...this.#tickets]) {
      if (this.#membership.waitTable.takeRung(ticket)) this.#pending.wake(index, 1);
    }
  }

  #wakeHere(index: number, count: number): void {
    const ticket = this.#tickets.get(index);
    if (ticket !== undefined) this.#membership.waitTable.takeRung(ticket);
    this.#pending.wake(index, count);
  }
}
