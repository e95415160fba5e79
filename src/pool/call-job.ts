/** The job of `Pool.apply`: one call, whose result is a task's. */
import { argumentsOf, letGoOf, type LinkAnswer, type LinkWork } from "../backend/worker-link.js";
import { CancelledError, DecodeError } from "../errors.js";
import { keepPacked, letGoOfPacked } from "../memory/parcel-stock.js";
import { Job, type JobOptions, type WorkerName } from "./job.js";
import type { Scheduler } from "./scheduler.js";
import { fulfillTask, openTask, rejectTask, type Task, type TaskOwner } from "./task.js";

export class CallJob extends Job<LinkWork> implements TaskOwner {
  readonly task: Task<unknown> = openTask(this);
  /** Called when the task has ended, in whatever way. */
  onEnd: (() => void) | undefined;
  readonly #scheduler: Scheduler<LinkWork>;

  constructor(options: JobOptions<LinkWork>, scheduler: Scheduler<LinkWork>) {
    super(options);
    this.#scheduler = scheduler;
    keepPacked(argumentsOf(options.work));
  }

  cancel(): void {
    this.giveUp(new CancelledError(`The task ${this.label} was cancelled`));
  }

  /** Ends the task with `reason`, and the worker that runs it. */
  giveUp(reason: unknown): void {
    this.#scheduler.withdraw(this);
    this.fail(reason);
  }

  finish(answer: LinkAnswer, worker: WorkerName): void {
    this.onEnd?.();
    letGoOf(this.work);
    switch (answer.kind) {
      case "value":
        fulfillTask(this.task, answer.value);
        break;
      case "error":
        rejectTask(this.task, answer.error);
        break;
      case "outcomes":
        rejectTask(this.task, new DecodeError(`The worker ${worker.name} answered the call ${this.label} as if it were a chunk`));
    }
    letGoOfPacked(argumentsOf(this.work));
  }

  fail(error: unknown): void {
    this.onEnd?.();
    letGoOf(this.work);
    rejectTask(this.task, error);
  }
}
