/**
 * One worker of a pool, as a state machine.
 *
 *     starting ──ready──▶ idle ◀──answer── busy          each arrow out of `starting`, `idle` and `busy` may also be the
 *         │                │ ──── run ────▶ │            worker's death, which leads straight to `ended`
 *         │                │                │
 *         └─── kill ───────┴─ retire, kill ─┴──▶ stopping ──exit──▶ ended
 *
 * Invariants:
 *  1. `owner.slotEnded` is called exactly once, as the last thing the slot does; `slotReady` at most once, before all `run`s.
 *  2. A job leaves the slot in one way of three: its answer came, `takeJob` took it, or it goes along with `slotEnded`.
 *  3. A stop has a limit: who does not end after the polite request gets SIGTERM, then SIGKILL.
 */
import type { LinkAnswer, LinkEnd, LinkListener } from "../backend/worker-link.js";
import type { Job } from "./job.js";
import { startTimer } from "../backend/timer.js";

export type SlotState = "starting" | "idle" | "busy" | "stopping" | "ended";

/** How a worker is driven: what a slot needs of it. */
export interface WorkerDriver<W> {
  readonly pid: number | undefined;
  /** Sends work; the answer comes to the listener. @throws when the worker is gone; its end is reported all the same. */
  send(taskId: number, work: W): void;
  /** Asks it to end once it has nothing to do. */
  stop(): void;
  signal(signal: NodeJS.Signals): void;
}

/** How the worker ended, and what it was running. */
export interface SlotEnd<W> extends LinkEnd {
  readonly wasReady: boolean;
  readonly job: Job<W> | undefined;
}

export interface SlotOwner<W> {
  slotReady(slot: WorkerSlot<W>): void;
  /** The answer of its job has come; the slot is idle. */
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
  #job: Job<W> | undefined;
  #jobsTaken = 0;
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

  /** How many jobs it has been given since it started. */
  get jobsTaken(): number {
    return this.#jobsTaken;
  }

  /** What it is running. */
  get job(): Job<W> | undefined {
    return this.#job;
  }

  /** Gives the idle worker a job. */
  run(job: Job<W>): void {
    this.#state = "busy";
    this.#job = job;
    this.#jobsTaken += 1;
    job.handovers += 1;
    if (job.timeout !== undefined && job.timeout !== Infinity) {
      this.#jobTimer = startTimer(job.timeout, () => this.#owner.slotOverdue(this, job));
    }
    try {
      this.#driver.send(job.id, job.work);
    } catch {
      // The worker has just died. Its end is on the way, and takes the job along.
    }
  }

  /** Takes the job away, if there is one; its answer, should one come, is ignored. */
  takeJob(): Job<W> | undefined {
    const job = this.#job;
    this.#job = undefined;
    clearTimeout(this.#jobTimer);
    return job;
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
    if (this.#job?.id !== taskId) return;
    const job = this.takeJob();
    if (this.#state === "busy") this.#state = "idle";
    // The worker gets its next job before this one's result is looked at: it has nothing to do until then.
    this.#owner.slotFinished(this);
    job?.finish(answer, this);
  }

  #end(end: LinkEnd): void {
    this.#state = "ended";
    clearTimeout(this.#stopTimer);
    const job = this.takeJob();
    this.#owner.slotEnded(this, { ...end, wasReady: this.#wasReady, job });
  }
}

/** Milliseconds an idle worker may take to end when asked to: its exit handlers run meanwhile. */
const retireGrace = 10_000;
/** Milliseconds between SIGTERM, which a task may have caught, and SIGKILL, which it cannot. */
const terminateGrace = 1_000;
