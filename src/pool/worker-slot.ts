/**
 * One worker of a pool, as a state machine.
 *
 *     starting ──ready──▶ idle ◀──last answer── busy     each arrow out of `starting`, `idle` and `busy` may also be the
 *         │                │ ──── run ─────────▶ │       worker's death, which leads straight to `ended`
 *         │                │                     │
 *         └─── kill ───────┴─ retire, kill ──────┴──▶ stopping ──exit──▶ ended
 *
 *     jobs:   [ runs │ sent ahead ... ]    the worker takes them in this order, and answers in it
 *
 * Invariants:
 *  1. `owner.slotEnded` is called exactly once, as the last thing the slot does; `slotReady` at most once, before all `run`s.
 *  2. A job leaves the slot in one way of three: its answer came, it was taken from the slot, or it goes along with `slotEnded`.
 *  3. A stop has a limit: who does not end after the polite request gets SIGTERM, then SIGKILL.
 *  4. Jobs are sent ahead while they take less than `quickMs` each: twice as many after each such answer, none after a slow one.
 *     So a worker with tiny tasks never waits for its host, and behind a long task nothing stands.
 */
import type { LinkAnswer, LinkEnd, LinkListener } from "../backend/worker-link.js";
import type { Withdrawal } from "../backend/tickets.js";
import type { Job } from "./job.js";
import { startTimer } from "../platform/timer.js";

export type SlotState = "starting" | "idle" | "busy" | "stopping" | "ended";

/** How a worker is driven: what a slot needs of it. */
export interface WorkerDriver<W> {
  readonly pid: number | undefined;
  /** Whether it can be sent another task while it is busy. */
  readonly takesAhead: boolean;
  /** Sends work; the answer comes to the listener. @throws when the worker is gone; its end is reported all the same. */
  send(taskId: number, work: W): void;
  /** Keeps it from running a task it was sent; there is no answer to a task that was taken. */
  takeBack(taskId: number): Withdrawal;
  /** Asks it to end once it has nothing to do. */
  stop(): void;
  signal(signal: NodeJS.Signals): void;
}

/** How the worker ended, and what became of the jobs it had. */
export interface SlotEnd<W> extends LinkEnd {
  readonly wasReady: boolean;
  /** It may have begun these, and did not finish them. */
  readonly lost: readonly Job<W>[];
  /** It certainly did not begin these. */
  readonly untouched: readonly Job<W>[];
}

export interface SlotOwner<W> {
  slotReady(slot: WorkerSlot<W>): void;
  /** A job's answer has come; the slot is idle if it was the last. */
  slotFinished(slot: WorkerSlot<W>): void;
  /** The job has run longer than it may. */
  slotOverdue(slot: WorkerSlot<W>, job: Job<W>): void;
  /** The worker is gone. */
  slotEnded(slot: WorkerSlot<W>, end: SlotEnd<W>): void;
}

export interface SlotOptions<W> {
  readonly name: string;
  readonly owner: SlotOwner<W>;
  /** @throws when the system refuses to start a worker. */
  readonly start: (listener: LinkListener) => WorkerDriver<W>;
}

export class WorkerSlot<W = unknown> {
  readonly name: string;
  readonly #owner: SlotOwner<W>;
  readonly #driver: WorkerDriver<W>;
  #state: SlotState = "starting";
  #wasReady = false;
  #jobs: Job<W>[] = [];
  #jobsTaken = 0;
  /** How many jobs it may have at a time. */
  #window = 1;
  /** When the first of its jobs came to be the first. */
  #since = 0;
  /** The number of the job that was the first at the last look. Not the job: it would be kept, and what it resolved to with it. */
  #lastSeen: number | undefined;
  #jobTimer: NodeJS.Timeout | undefined;
  #stopTimer: NodeJS.Timeout | undefined;

  constructor({ name, owner, start }: SlotOptions<W>) {
    this.name = name;
    this.#owner = owner;
    this.#driver = start({
      onReady: () => this.#becomeReady(),
      onAnswer: (taskId, answer) => this.#answer(taskId, answer),
      onEnd: (end) => this.#end(end),
    });
  }

  get state(): SlotState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#driver.pid;
  }

  /** How many jobs it has been given since it started, less those that were taken back. */
  get jobsTaken(): number {
    return this.#jobsTaken;
  }

  /** How many jobs it has. */
  get load(): number {
    return this.#jobs.length;
  }

  /** Whether it is busy, quick enough for another job, and has none that came after that. */
  hasRoomFor(job: Job<W>): boolean {
    const last = this.#jobs.at(-1);
    if (this.#state !== "busy" || last === undefined || this.#jobs.length >= this.#window) return false;
    return last.id < job.id && this.#driver.takesAhead;
  }

  has(job: Job<W>): boolean {
    return this.#jobs.includes(job);
  }

  /** Gives the worker a job: it is idle, or has room. */
  run(job: Job<W>): void {
    this.#state = "busy";
    this.#jobs.push(job);
    this.#jobsTaken += 1;
    job.handovers += 1;
    if (this.#jobs.length === 1) this.#comeToFirst(job, performance.now());
    try {
      this.#driver.send(job.id, job.work);
    } catch {
      // The worker has just died. Its end is on the way, and takes the job along.
    }
  }

  /** Takes a job out that the worker has not begun, and never will; `false` when it may have. */
  takeBack(job: Job<W>): boolean {
    if (this.#driver.takeBack(job.id) !== "taken") return false;
    this.#remove(job);
    this.#jobsTaken -= 1;
    job.handovers -= 1;
    if (this.#jobs.length === 0 && this.#state === "busy") this.#state = "idle";
    return true;
  }

  /** Takes out the last jobs that the worker has not begun, `atMost` of them, in their order. */
  takeBackLast(atMost: number): Job<W>[] {
    const back: Job<W>[] = [];
    while (back.length < atMost && this.#jobs.length > 1) {
      const last = this.#jobs.at(-1);
      if (last === undefined || !this.takeBack(last)) break;
      back.push(last);
    }
    return back.toReversed();
  }

  /** What stands behind a job that takes long: called twice without an answer between, it takes those jobs out. */
  takeStalled(): Job<W>[] {
    const first = this.#jobs[0]?.id;
    const isStalled = first !== undefined && first === this.#lastSeen;
    this.#lastSeen = first;
    if (!isStalled) return [];
    this.#window = 1;
    return this.takeBackLast(Infinity);
  }

  /**
   * Takes out a job that the worker has begun; its answer, should one come, is ignored. `false` when it has finished it already:
   * it has begun the next one. To be called when those behind that it has not begun were taken back.
   */
  abandon(job: Job<W>): boolean {
    const next = this.#jobs[this.#jobs.indexOf(job) + 1];
    this.#remove(job);
    return next === undefined;
  }

  /** Takes all jobs out; their answers are ignored. */
  takeAll(): Job<W>[] {
    const jobs = this.#jobs;
    this.#jobs = [];
    clearTimeout(this.#jobTimer);
    return jobs;
  }

  /** Lets the worker end in its own time: it is idle, or has not begun. */
  retire(): void {
    if (this.#state === "stopping" || this.#state === "ended") return;
    if (this.#state === "starting") return this.kill();
    this.#state = "stopping";
    this.#driver.stop();
    this.#stopTimer = startTimer(retireGrace, () => this.#kill());
  }

  /** Stops the worker now, whatever it does. */
  kill(): void {
    if (this.#state === "ended") return;
    this.#state = "stopping";
    clearTimeout(this.#stopTimer);
    this.#kill();
  }

  #kill(): void {
    this.#driver.signal("SIGTERM");
    this.#stopTimer = startTimer(terminateGrace, () => this.#driver.signal("SIGKILL"));
  }

  #becomeReady(): void {
    if (this.#state !== "starting") return;
    this.#state = "idle";
    this.#wasReady = true;
    this.#owner.slotReady(this);
  }

  #answer(taskId: number, answer: LinkAnswer): void {
    const job = this.#jobs[0];
    if (job?.id !== taskId) return;
    const now = performance.now();
    this.#window = now - this.#since < quickMs ? Math.min(this.#window * 2, mostJobs) : 1;
    this.#jobs.shift();
    this.#nextIsFirst(now);
    if (this.#jobs.length === 0 && this.#state === "busy") this.#state = "idle";
    // The worker gets its next job before this one's result is looked at: it may have nothing to do until then.
    this.#owner.slotFinished(this);
    job.finish(answer, this);
  }

  #remove(job: Job<W>): void {
    const index = this.#jobs.indexOf(job);
    if (index < 0) return;
    this.#jobs.splice(index, 1);
    if (index === 0) this.#nextIsFirst(performance.now());
  }

  #nextIsFirst(now: number): void {
    clearTimeout(this.#jobTimer);
    const first = this.#jobs[0];
    if (first !== undefined) this.#comeToFirst(first, now);
  }

  /** The worker begins it about now: it has answered the one before. */
  #comeToFirst(job: Job<W>, now: number): void {
    this.#since = now;
    if (job.timeout === undefined || job.timeout === Infinity) return;
    this.#jobTimer = startTimer(job.timeout, () => this.#owner.slotOverdue(this, job));
  }

  #end(end: LinkEnd): void {
    this.#state = "ended";
    clearTimeout(this.#stopTimer);
    const lost: Job<W>[] = [];
    const untouched: Job<W>[] = [];
    for (const job of this.takeAll()) {
      const withdrawal = this.#driver.takeBack(job.id);
      const isUntouched = withdrawal === "taken" || (withdrawal === "unknown" && (end.neverBegan || end.leftUnread));
      (isUntouched ? untouched : lost).push(job);
    }
    this.#owner.slotEnded(this, { ...end, wasReady: this.#wasReady, lost, untouched });
  }
}

/** Milliseconds an idle worker may take to end when asked to: its exit handlers run meanwhile. */
const retireGrace = 10_000;
/** Milliseconds between SIGTERM, which a task may have caught, and SIGKILL, which it cannot. */
const terminateGrace = 1_000;
/** Milliseconds a job may take, from the answer before it to its own, for the worker to be sent jobs ahead. */
const quickMs = 1;
/** How many jobs a worker may have: enough that it has something to do while its host is busy with others, and few to take back. */
const mostJobs = 128;
