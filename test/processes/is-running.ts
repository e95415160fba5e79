import { isTaskAlive } from "#lib/platform/liveness.js";

/** Whether a process runs; one that was killed and waits to be reaped does not. */
export function isRunning(pid: number): boolean {
  return isTaskAlive({ id: pid, startTime: 0 });
}
