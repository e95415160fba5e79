/**
 * Which job runs where, and how many workers there are.
 *
 *     submit ──▶ waiting ──dispatch──▶ one worker ──▶ settled
 *                  ▲                      │
 *                  └── never started ─────┤ the worker ended
 *                                         └── may have started ──▶ rejected with WorkerDiedError
 *                  ▲                      │
 *                  └── taken back ────────┘ sent ahead to a worker that is busy, and not begun
 *
 *     running ──close──▶ closed ──terminate──▶ terminated        `failed`: workers cannot start; as terminated, with that error
 *
 * Invariants:
 *  1. Jobs may wait for one another, so a job that has not begun must be free to go to any worker that has nothing to do. Beyond
 *     the job that it runs, a worker is sent others only ahead, so that they can be taken back; and they are: when the one that
 *     runs takes long, when another worker has nothing to do, and when theirs is stopped. They come back in their old order.
 *     No job is sent behind one that was submitted later, or past one that waits. So the oldest job that is not done runs, or will
 *     when the worker it was sent to is done with older ones, or else is the next that any worker gets: a job may wait for older ones.
 *  2. At most `size` jobs run at a time, though more workers may exist: the successor of a worker on its last job starts early.
 *  3. Every job submitted settles exactly once, whatever becomes of its worker, unless it was withdrawn: then its owner settles it.
 *  4. A job is started again only when its worker provably never began it.
 *  5. The event loop is kept alive while a job is pending, and while somebody waits for the end.
 */
import type { LinkEnd } from "../backend/worker-link.js";
import { CancelledError, TimeoutError, WorkerStartError } from "../errors.js";
import type { Job } from "./job.js";
import { KeepAlive } from "./keep-alive.js";
import { StallWatch } from "./stall-watch.js";
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
  /** Jobs that workers have. */
  #handedOut = 0;
  /** Workers with a job, less those that are being stopped. */
  readonly #busy = new Set<WorkerSlot<W>>();
  readonly #stalls = new StallWatch(() => this.takeStalled());
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
    return this.#waiting.length + this.#handedOut;
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

  /** Takes a job back if no worker has begun it; `false` when it is too late for that. The job is not settled. */
  recall(job: Job<W>): boolean {
    if (!this.#waiting.remove(job)) {
      const slot = this.#slotOf(job);
      if (slot?.takeBack(job) !== true) return false;
      this.#handedOut -= 1;
      this.#notice(slot);
      this.#dispatch();
    }
    this.#jobGone();
    return true;
  }

  /** Takes a job back even from a worker, which is stopped and replaced. The job is not settled. */
  withdraw(job: Job<W>): void {
    if (this.recall(job)) return;
    const slot = this.#slotOf(job);
    if (slot === undefined) return;
    this.#putBack(slot.takeBackLast(Infinity));
    const isRunning = slot.abandon(job);
    this.#handedOut -= 1;
    if (isRunning) this.#dismiss(slot, "kill");
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

  /** To be called regularly while jobs are sent ahead: what stands behind a job that takes long is freed. Says whether to go on. */
  takeStalled(): boolean {
    for (const slot of this.#busy) this.#putBack(slot.takeStalled());
    this.#dispatch();
    for (const slot of this.#busy) if (slot.load > 1) return true;
    return false;
  }

  slotReady(slot: WorkerSlot<W>): void {
    this.#record.becameReady();
    this.#idle.push(slot);
    this.#dispatch();
  }

  slotFinished(slot: WorkerSlot<W>): void {
    this.#record.finishedTask();
    this.#handedOut -= 1;
    this.#notice(slot);
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
    this.#busy.delete(slot);
    if (end.lost.length + end.untouched.length > 0) this.#settleLeft(slot, end);
    else if (wasStaff && end.wasReady) this.#record.diedIdle();
    else if (wasStaff) this.#startFailed(end.startError ?? diedWhileStarting(slot, end.exit, end.crash), wasKilled(end));
    this.#staffUp();
    this.#dispatch();
    this.#noticeEmpty();
  }

  /** Hands waiting jobs to idle workers, then to busy ones ahead; what those have too much goes to who has nothing. */
  #dispatch(): void {
    while (this.#busy.size < this.size) {
      // The one that was busy last, for its caches are warm.
      const slot = this.#idle.at(-1);
      if (slot === undefined) break;
      const job = this.#waiting.shift() ?? this.#shared();
      if (job === undefined) return;
      this.#idle.pop();
      this.#begin(slot, job);
    }
    for (let job = this.#waiting.first; job !== undefined; job = this.#waiting.first) {
      const slot = this.#roomiestFor(job);
      if (slot === undefined) return;
      this.#waiting.shift();
      this.#handedOut += 1;
      slot.run(job);
      this.#stalls.start();
    }
  }

  #begin(slot: WorkerSlot<W>, job: Job<W>): void {
    this.#handedOut += 1;
    const isLast = slot.jobsTaken + 1 >= this.#options.maxTasksPerWorker;
    if (isLast) this.#moveOut(slot);
    this.#busy.add(slot);
    slot.run(job);
    if (isLast) this.#staffUp();
  }

  /** The busy worker with the fewest jobs, of those that have room. A worker's last job is not sent ahead. */
  #roomiestFor(job: Job<W>): WorkerSlot<W> | undefined {
    let best: WorkerSlot<W> | undefined;
    for (const slot of this.#busy) {
      if (slot.load >= (best?.load ?? Infinity) || !slot.hasRoomFor(job)) continue;
      if (slot.jobsTaken + 1 < this.#options.maxTasksPerWorker) best = slot;
    }
    return best;
  }

  /** The first of the jobs that the most loaded worker can spare; the others of them wait for whoever is next. */
  #shared(): Job<W> | undefined {
    let most: WorkerSlot<W> | undefined;
    for (const slot of this.#busy) if (slot.load > (most?.load ?? 1)) most = slot;
    if (most === undefined) return undefined;
    this.#putBack(most.takeBackLast(Math.ceil((most.load - 1) / 2)));
    return this.#waiting.shift();
  }

  /** Jobs that were sent ahead, and have not begun. */
  #putBack(jobs: readonly Job<W>[]): void {
    for (const job of jobs) this.#waiting.restore(job);
    this.#handedOut -= jobs.length;
  }

  /** A worker has one job less. */
  #notice(slot: WorkerSlot<W>): void {
    if (slot.load > 0 || !this.#busy.delete(slot)) return;
    if (this.#leaving.has(slot)) slot.retire();
    else this.#idle.push(slot);
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

  /** Settles what a dead worker had. */
  #settleLeft(slot: WorkerSlot<W>, { lost, untouched, exit, crash }: SlotEnd<W>): void {
    this.#putBack(untouched.filter((job) => job.handovers < maxHandovers));
    const failed = [...lost, ...untouched.filter((job) => job.handovers >= maxHandovers)];
    this.#handedOut -= failed.length;
    for (const job of failed) job.fail(workerDiedError(slot, { exit, task: job.label, crash }));
    if (failed.length > 0) this.#jobGone();
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
      const jobs = slot.takeAll();
      this.#dismiss(slot, "kill");
      for (const job of jobs) job.fail(makeError(job.label));
    }
    this.#handedOut = 0;
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
    this.#busy.delete(slot);
    this.#leaving.add(slot);
  }

  #slotOf(job: Job<W>): WorkerSlot<W> | undefined {
    for (const slots of [this.#staff, this.#leaving]) for (const slot of slots) if (slot.has(job)) return slot;
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
