/** The job of `Pool.apply`: one call, whose result is a task's. */
import type { LinkAnswer, LinkWork } from "../backend/worker-link.js";
import { DecodeError } from "../errors.js";
import { Job, type JobOptions, type WorkerName } from "./job.js";
import { fulfillTask, rejectTask, type Task } from "./task.js";

export class CallJob extends Job<LinkWork> {
  readonly #task: Task<unknown>;
  /** Called when the task has ended, in whatever way. */
  onEnd: (() => void) | undefined;

  constructor(options: JobOptions<LinkWork>, task: Task<unknown>) {
    super(options);
    this.#task = task;
  }

  finish(answer: LinkAnswer, worker: WorkerName): void {
    this.onEnd?.();
    switch (answer.kind) {
      case "value":
        fulfillTask(this.#task, answer.value);
        break;
      case "error":
        rejectTask(this.#task, answer.error);
        break;
      case "outcomes":
        rejectTask(this.#task, new DecodeError(`The worker ${worker.name} answered the call ${this.label} as if it were a chunk`));
    }
  }

  fail(error: unknown): void {
    this.onEnd?.();
    rejectTask(this.#task, error);
  }
}
