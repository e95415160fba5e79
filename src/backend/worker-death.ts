import type { WorkerExit } from "./backend.js";
import { WorkerDiedError, WorkerStartError } from "../errors.js";

/** Who died: what an error should say of it. */
export interface DeadWorker {
  readonly name: string;
  readonly pid: number | undefined;
}

/** How a worker ended while it ran a task. */
export interface TaskDeath {
  readonly exit: WorkerExit;
  readonly task: string;
  /** What it threw outside the task, if that ended it. */
  readonly crash?: unknown;
}

/** The error of the task that was running in a worker when it ended. */
export function workerDiedError(worker: DeadWorker, { exit, task, crash }: TaskDeath): WorkerDiedError {
  const { exitCode, signal } = exit;
  const who = worker.pid === undefined ? worker.name : `${worker.name} (pid ${worker.pid})`;
  const message = `The worker ${who} ${describeExit(exit)} while it ran ${task}${likelyCause(exit)}`;
  return new WorkerDiedError(message, { pid: worker.pid, exitCode, signal, task }, causedBy(crash));
}

/** The error of a worker that ended before it was ready; `cause` is what it threw, if it could say so. */
export function diedWhileStarting(worker: DeadWorker, exit: WorkerExit, cause?: unknown): WorkerStartError {
  return new WorkerStartError(`The worker ${worker.name} ${describeExit(exit)} before it was ready`, causedBy(cause));
}

function causedBy(cause: unknown): ErrorOptions | undefined {
  return cause === undefined ? undefined : { cause };
}

/** `was killed by SIGKILL`, `exited with code 4`. */
function describeExit({ exitCode, signal }: WorkerExit): string {
  return signal === undefined ? `exited with code ${exitCode}` : `was killed by ${signal} (signal ${-exitCode})`;
}

function likelyCause({ signal }: WorkerExit): string {
  if (signal === "SIGKILL") return "; if nobody sent that signal, the machine ran out of memory";
  if (signal === "SIGABRT") return "; it called abort(), or its heap ran full: see resourceLimits";
  if (signal === "SIGSEGV" || signal === "SIGBUS") return "; native code in it crashed";
  return "";
}
