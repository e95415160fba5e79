/** One thing for one worker to do: a single call, or a chunk of items. The scheduler moves jobs; what is in them is not its concern. */
import type { LinkAnswer } from "../backend/worker-link.js";
import type { Waiting } from "./waiting-list.js";

/** Who ran it: what an error should say. */
export interface WorkerName {
  readonly name: string;
  /** A thread's is the program's own. */
  readonly pid: number | undefined;
}

export interface JobOptions<W> {
  /** The task's number, unique in its pool: what errors show. */
  readonly id: number;
  /** The name of its function. */
  readonly functionName: string;
  readonly work: W;
  /** Milliseconds it may run, from its start in a worker. */
  readonly timeout: number | undefined;
}

export abstract class Job<W = unknown> implements Waiting<Job<W>> {
  readonly id: number;
  readonly functionName: string;
  readonly work: W;
  readonly timeout: number | undefined;
  /** How many workers it has been handed to; the slot writes this. */
  handovers = 0;
  previous: Job<W> | undefined;
  next: Job<W> | undefined;
  isWaiting = false;

  constructor({ id, functionName, work, timeout }: JobOptions<W>) {
    this.id = id;
    this.functionName = functionName;
    this.work = work;
    this.timeout = timeout;
  }

  /** As errors show it: `resize(#17)`. */
  get label(): string {
    return `${this.functionName}(#${this.id})`;
  }

  /** The worker answered. Either this or `fail` is called, once, unless the job is taken back. */
  abstract finish(answer: LinkAnswer, worker: WorkerName): void;
  /** There will be no answer. */
  abstract fail(error: unknown): void;
}
