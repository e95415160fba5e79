/**
 * Which job runs where, and how many workers there are.
 *
 *     submit ──▶ waiting ──dispatch──▶ one worker ──▶ settled
 *                  ▲                      │
 *                  └── never started ─────┤ the worker ended
 *                                         └── may have started ──▶ rejected with WorkerDiedError
 *
 *     running ──close──▶ closed ──terminate──▶ terminated        `failed`: workers cannot start; as terminated, with that error
 *
 * Invariants:
 *  1. A worker has at most one job, and nothing is handed out beyond that: jobs may wait for one another, so a job that waits
 *     must be free to go to any worker that has nothing to do.
 *  2. At most `size` jobs run at a time, though more workers may exist: the successor of a worker on its last job starts early.
 *  3. Every job submitted settles exactly once, whatever becomes of its worker, unless it was withdrawn: then its owner settles it.
 *  4. A job is started again only when its worker provably never began it.
 *  5. The event loop is kept alive while a job is pending, and while somebody waits for the end.
 */
import type { LinkEnd } from "../backend/worker-link.js";
import { CancelledError, TimeoutError, WorkerStartError } from "../errors.js";
import type { Job } from "./job.js";
import { KeepAlive } from "./keep-alive.js";
import { StartRecord } from "./start-record.js";
import { waitFor, type WaitOptions } from "../backend/wait-for.js";
import { WaitingList } from "./waiting-list.js";
import { diedWhileStarting, workerDiedError } from "../backend/worker-death.js";
import type { SlotEnd, SlotOwner, WorkerSlot } from "./worker-slot.js";

export type PoolState = "running" | "closed" | "terminated" | "failed";

/** Work that hands out its jobs little by little; while it is entered, a closed pool keeps its workers. */
export interface Stream {
  /** The pool has ended: no job of the stream will be run any more. */
  fail(error: unknown): void;
}

export interface SchedulerOptions<W> {
  readonly size: number;
  readonly maxTasksPerWorker: number;
  /** Starts the worker of the given number, counted from 1. @throws when the system refuses. */
  readonly startWorker: (number: number, owner: SlotOwner<W>) => WorkerSlot<W>;
}

export class Scheduler<W> implements SlotOwner<W> {
  readonly size: number;
  readonly #options: SchedulerOptions<W>;
  readonly #waiting = new WaitingList<Job<W>>();
  readonly #streams = new Set<Stream>();
  /** Starting, idle and busy workers: those that will take further jobs. */
  readonly #staff = new Set<WorkerSlot<W>>();
  /** On their last job, or on their way out. */
  readonly #leaving = new Set<WorkerSlot<W>>();
  readonly #idle: WorkerSlot<W>[] = [];
  readonly #record: StartRecord;
  readonly #keepAlive = new KeepAlive();
  /** Resolves when the last worker has ended. Does not keep the event loop alive. */
  readonly whenEnded: Promise<void>;
  #signalEnded = (): void => {};
  #state: PoolState = "running";
  #isStopped = false;
  #workersStarted = 0;
  #running = 0;
  #failure: WorkerStartError | undefined;

  constructor(options: SchedulerOptions<W>) {
    this.size = options.size;
    this.#options = options;
    this.#record = new StartRecord(options.size);
    this.whenEnded = new Promise((resolve) => (this.#signalEnded = resolve));
    this.#staffUp();
  }

  get state(): PoolState {
    return this.#state;
  }

  /** Jobs submitted and not settled. */
  get pending(): number {
    return this.#waiting.length + this.#running;
  }

  /** The workers that take jobs now, or will once they have started. */
  get workers(): WorkerSlot<W>[] {
    return [...this.#staff];
  }

  /** Why no job can be run any more; `undefined` while the pool takes them. */
  get failure(): Error | undefined {
    return this.#failure === undefined ? undefined : new WorkerStartError(this.#failure.message, { cause: this.#failure.cause });
  }

  /** Takes a job, and hands it to a worker as soon as one is free. */
  submit(job: Job<W>): void {
    if (this.pending === 0) this.#keepAlive.hold();
    this.#waiting.push(job);
    this.#dispatch();
    if (this.#staff.size < this.size && this.#waiting.length > 0) this.#staffUp();
  }

  /** Takes a job back if no worker has it yet; `false` when it is too late for that. The job is not settled. */
  recall(job: Job<W>): boolean {
    if (!this.#waiting.remove(job)) return false;
    this.#jobGone();
    return true;
  }

  /** Takes a job back even from a worker, which is stopped and replaced. The job is not settled. */
  withdraw(job: Job<W>): void {
    if (this.recall(job)) return;
    const slot = this.#slotOf(job);
    if (slot === undefined) return;
    slot.takeJob();
    this.#running -= 1;
    this.#dismiss(slot, "kill");
    this.#jobGone();
    this.#staffUp();
    this.#dispatch();
  }

  /** Lets a stream hand out jobs even after `close`; `false` when the pool has ended. */
  enter(stream: Stream): boolean {
    if (this.#isStopped) return false;
    this.#streams.add(stream);
    return true;
  }

  leave(stream: Stream): void {
    if (this.#streams.delete(stream)) this.#stopWhenDone();
  }

  /** Finishes what was submitted, then stops the workers. */
  close(): void {
    if (this.#state !== "running") return;
    this.#state = "closed";
    this.#stopWhenDone();
  }

  /** Drops what was submitted, and stops the workers at once. */
  terminate(): void {
    if (this.#state === "terminated" || this.#state === "failed") return;
    this.#abandon("terminated", (job) => new CancelledError(`Cannot finish ${job ?? "the iteration"}: the pool was terminated`));
  }

  /** Waits until the last worker has ended, after `close` or `terminate`: `true`; or until the time is over: `false`. */
  async ended(options: WaitOptions = {}): Promise<boolean> {
    this.#keepAlive.hold();
    try {
      return await waitFor(this.whenEnded, options);
    } finally {
      this.#keepAlive.release();
      this.#noticeEmpty();
    }
  }

  slotReady(slot: WorkerSlot<W>): void {
    this.#record.becameReady();
    this.#idle.push(slot);
    this.#dispatch();
  }

  slotFinished(slot: WorkerSlot<W>): void {
    this.#record.finishedTask();
    this.#running -= 1;
    if (this.#leaving.has(slot)) slot.retire();
    else this.#idle.push(slot);
    this.#dispatch();
    this.#jobGone();
  }

  slotOverdue(slot: WorkerSlot<W>, job: Job<W>): void {
    this.withdraw(job);
    job.fail(new TimeoutError(`${job.label} ran longer than ${job.timeout} ms; its worker ${slot.name} was stopped`, job.timeout));
  }

  slotEnded(slot: WorkerSlot<W>, end: SlotEnd<W>): void {
    const wasStaff = this.#forget(slot);
    this.#leaving.delete(slot);
    if (end.job !== undefined) this.#settleLost(slot, end.job, end);
    else if (wasStaff && end.wasReady) this.#record.diedIdle();
    else if (wasStaff) this.#startFailed(end.startError ?? diedWhileStarting(slot, end.exit, end.crash), wasKilled(end));
    this.#staffUp();
    this.#dispatch();
    this.#noticeEmpty();
  }

  /** Hands waiting jobs to idle workers: the one that was busy last first, for its caches are warm. */
  #dispatch(): void {
    while (this.#waiting.length > 0 && this.#running < this.size) {
      const slot = this.#idle.pop();
      if (slot === undefined) return;
      const job = this.#waiting.shift();
      if (job === undefined) return;
      this.#running += 1;
      const isLast = slot.jobsTaken + 1 >= this.#options.maxTasksPerWorker;
      if (isLast) this.#moveOut(slot);
      slot.run(job);
      if (isLast) this.#staffUp();
    }
  }

  /** Starts workers until there are as many as the work calls for. */
  #staffUp(): void {
    while (this.#staff.size < this.#wanted()) {
      this.#workersStarted += 1;
      try {
        this.#staff.add(this.#options.startWorker(this.#workersStarted, this));
      } catch (error) {
        this.#startFailed(error, false);
      }
    }
  }

  #wanted(): number {
    if (this.#isStopped) return 0;
    if (this.#state === "running" && this.#record.replacesAtOnce) return this.size;
    const busyStaff = this.#staff.size - this.#idle.length;
    const starting = [...this.#staff].filter((slot) => slot.state === "starting").length;
    return Math.min(this.size, busyStaff - starting + this.#waiting.length);
  }

  #startFailed(error: unknown, isKill: boolean): void {
    this.#record.startFailed(isKill);
    if (!this.#record.isHopeless || this.#isStopped) return;
    const message = "Cannot run the task: the pool's workers cannot start, or their initializer fails; see the cause";
    this.#failure = new WorkerStartError(message, { cause: error });
    this.#abandon("failed", () => this.failure ?? error);
  }

  #settleLost(slot: WorkerSlot<W>, job: Job<W>, end: SlotEnd<W>): void {
    this.#running -= 1;
    if ((end.neverBegan || end.leftUnread) && job.handovers < maxHandovers) {
      this.#waiting.unshift(job);
      return;
    }
    job.fail(workerDiedError(slot, { exit: end.exit, task: job.label, crash: end.crash }));
    this.#jobGone();
  }

  #abandon(state: PoolState, makeError: (what: string | undefined) => unknown): void {
    this.#state = state;
    this.#isStopped = true;
    const hadPending = this.pending > 0;
    const streams = [...this.#streams];
    this.#streams.clear();
    for (const stream of streams) stream.fail(makeError(undefined));
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) job.fail(makeError(job.label));
    for (const slot of [...this.#staff, ...this.#leaving]) {
      const job = slot.takeJob();
      this.#dismiss(slot, "kill");
      job?.fail(makeError(job.label));
    }
    this.#running = 0;
    if (hadPending) this.#keepAlive.release();
    this.#noticeEmpty();
  }

  /** One job less is pending. */
  #jobGone(): void {
    if (this.pending > 0) return;
    this.#keepAlive.release();
    this.#stopWhenDone();
  }

  #stopWhenDone(): void {
    if (this.#state !== "closed" || this.#isStopped || this.pending > 0 || this.#streams.size > 0) return;
    this.#isStopped = true;
    // Dismissing takes members out of the set, which iteration over a set allows.
    for (const slot of this.#staff) this.#dismiss(slot, "retire");
    this.#noticeEmpty();
  }

  #dismiss(slot: WorkerSlot<W>, how: "kill" | "retire"): void {
    this.#moveOut(slot);
    if (how === "kill") slot.kill();
    else slot.retire();
  }

  #moveOut(slot: WorkerSlot<W>): void {
    this.#forget(slot);
    this.#leaving.add(slot);
  }

  #slotOf(job: Job<W>): WorkerSlot<W> | undefined {
    for (const slots of [this.#staff, this.#leaving]) for (const slot of slots) if (slot.job === job) return slot;
    return undefined;
  }

  #forget(slot: WorkerSlot<W>): boolean {
    const index = this.#idle.indexOf(slot);
    if (index >= 0) this.#idle.splice(index, 1);
    return this.#staff.delete(slot);
  }

  #noticeEmpty(): void {
    if (!this.#isStopped || this.#staff.size + this.#leaving.size > 0) return;
    this.#signalEnded();
    this.#keepAlive.disposeIfUnused();
  }
}

/** Whether somebody else ended it, rather than an error of its own. */
function wasKilled({ exit, startError, crash }: LinkEnd): boolean {
  return exit.signal !== undefined && startError === undefined && crash === undefined;
}

/** A job that never began is handed out anew, but not for ever: something kills every worker that gets it. */
const maxHandovers = 5;
