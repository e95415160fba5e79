/**
 * Whether a process or thread is still the one it was. An id alone does not tell: ids are recycled, and a process that
 * was killed but not yet reaped by its parent (a zombie) still answers to signals. The id together with its start time does.
 */
import { readFileSync, readlinkSync } from "node:fs";

/** A process or thread, for as long as the machine runs. */
export interface Task {
  /** The operating system's id of the thread; for a main thread it is the process's. */
  readonly id: number;
  /** When it started, in clock ticks since the machine did; 0 where that cannot be known. */
  readonly startTime: number;
}

/** The start time of a process or thread; 0 where that cannot be known, `undefined` when it does not run. */
export function startTimeOf(id: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${id}/stat`, "latin1");
  } catch {
    return answersToSignals(id) ? 0 : undefined;
  }
  const { state, startTime } = parseStat(stat);
  return state === "Z" || state === "X" || state === "x" ? undefined : startTime;
}

/** The operating system's id of this very thread; `undefined` where that cannot be known. Needs no native function. */
export function ownThreadId(): number | undefined {
  try {
    return Number(/\d+$/.exec(readlinkSync("/proc/thread-self"))?.[0]) || undefined;
  } catch {
    return undefined;
  }
}

/** Whether the task still runs: not ended, not a zombie, not another one under the same id. */
export function isTaskAlive(task: Task): boolean {
  const startTime = startTimeOf(task.id);
  if (startTime === undefined) return false;
  return startTime === 0 || task.startTime === 0 || startTime === task.startTime;
}

/** The state letter and the start time of a line of `/proc/ID/stat`, whose second field may hold anything in parentheses. */
export function parseStat(stat: string): { readonly state: string; readonly startTime: number } {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "X", startTime: Number(fields[19] ?? 0) };
}

function answersToSignals(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
