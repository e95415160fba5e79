/**
 * One word of shared memory for each task that a worker has been sent and may not have begun: so the host can take a task back,
 * also from a worker that is blocked in the one before it, and knows of a dead worker's tasks which of them it had begun.
 *
 *     host, then the task goes into the channel       worker, when the task's turn has come
 *          ──▶ queued ───────────── compare-exchange ──────────────▶ begun       it runs the task, and answers
 *                 └─────────────── compare-exchange ──▶ taken                    it skips the task, and says nothing
 *                                  host, also when the worker is dead
 *
 *     ticket n   1, 2, 3 ...   uses the word n % 256
 *
 *  1. Whoever changes `queued` decides, and both see the same: a task is run or it is taken back, never both, never neither.
 *  2. The host writes `queued` before it sends the task, so the worker never sees what the word said before.
 *  3. A word is used again once the worker is done with its ticket. It handles tickets in their order: so that is known of all
 *     tickets up to one that was answered (`pass`). While more than 255 are open, none is issued that somebody could do without.
 *  4. The worker killed before its change: the task is queued, and the host takes it back. Killed after it: the task has
 *     begun. There is no between.
 *  5. The host killed anywhere: its workers end with it, and the memory goes when neither side lives.
 */
import type { Block } from "../memory/block.js";
import type { BlockMemory } from "../memory/block-memory.js";

/** What a task's word said: `unknown` when it was sent without a ticket. */
export type Withdrawal = "taken" | "begun" | "unknown";

const count = 256;
const queued = 1;
const begun = 2;
const taken = 3;

export const ticketsBytes = count * 4;

/** The worker's side. */
export class TicketReader {
  readonly #int32: Int32Array;
  readonly #at: number;
  /** Keeps the memory. */
  readonly #block: Block;

  constructor(block: Block) {
    this.#block = block;
    this.#int32 = block.words.int32;
    this.#at = block.at;
  }

  /** Whether the task is to be run: from now on it cannot be taken back. */
  begin(ticket: number): boolean {
    return Atomics.compareExchange(this.#int32, this.#at + (ticket % count), queued, begun) === queued;
  }

  release(): void {
    this.#block.release();
  }
}

/** The host's side. */
export class TicketBook {
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #block: BlockMemory;
  /** The task of each open ticket. */
  readonly #tasks = new Float64Array(count);
  #issued = 0;
  #passed = 0;

  constructor(block: BlockMemory) {
    this.#block = block;
    this.#int32 = block.words.int32;
    this.#at = block.at;
  }

  /** Whether another task may be sent while the worker is busy. There is always a ticket for an idle one. */
  get hasSpare(): boolean {
    return this.#issued - this.#passed < count - 1;
  }

  /** A ticket for a task that is about to be sent; 0 when there is none. */
  issue(taskId: number): number {
    if (this.#issued - this.#passed >= count) return 0;
    this.#issued += 1;
    this.#tasks[this.#issued % count] = taskId;
    Atomics.store(this.#int32, this.#at + (this.#issued % count), queued);
    return this.#issued;
  }

  /** The task was answered: its ticket, and those before it, are open no more. */
  pass(taskId: number): void {
    // Answers come in the order of the tickets; those before this one were taken back.
    for (let ticket = this.#passed + 1; ticket <= this.#issued; ticket++) {
      if (this.#tasks[ticket % count] !== taskId || this.#wordOf(ticket) === taken) continue;
      this.#passed = ticket;
      return;
    }
  }

  /** Keeps the worker from running the task, unless it is too late for that. */
  takeBack(taskId: number): Withdrawal {
    const ticket = this.#ticketOf(taskId);
    if (ticket === undefined) return "unknown";
    const before = Atomics.compareExchange(this.#int32, this.#at + (ticket % count), queued, taken);
    return before === queued ? "taken" : "begun";
  }

  release(): void {
    this.#block.release();
  }

  #wordOf(ticket: number): number {
    return Atomics.load(this.#int32, this.#at + (ticket % count));
  }

  /** A task that was taken back may have been sent again: the last ticket counts. */
  #ticketOf(taskId: number): number | undefined {
    let ticket = this.#issued;
    while (ticket > this.#passed && this.#tasks[ticket % count] !== taskId) ticket -= 1;
    return ticket > this.#passed ? ticket : undefined;
  }
}
