/** What came of a process's target. */
import type { LinkEnd } from "../backend/worker-link.js";
import type { WorkerDiedError, WorkerStartError } from "../errors.js";
import { diedWhileStarting, workerDiedError, type DeadWorker } from "../backend/worker-death.js";

/** A promise that may be rejected without anybody looking: `exitCode` and the process's own stderr tell of the failure, too. */
export class Outcome<R> {
  readonly promise: Promise<R>;
  resolve: (value: R) => void = () => {};
  reject: (error: unknown) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => {});
  }
}

/** The error of a process that ended before its target returned. */
export function outcomeOf(end: LinkEnd, worker: DeadWorker): WorkerDiedError | WorkerStartError {
  const { exit, neverBegan, startError, crash } = end;
  if (neverBegan && exit.signal === undefined) return diedWhileStarting(worker, exit, startError ?? crash);
  return workerDiedError(worker, { exit, task: "its target", crash });
}
