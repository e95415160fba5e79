/**
 * Ties the life of this process to that of the one that started it, however that one ends.
 *
 *     started ──── A ────▶ the kernel is asked ──── B ────▶ the parent is looked at ────▶
 *
 * A parent that dies in A has not been seen by the kernel's promise; it is found missing at the end of B. One that dies
 * later is the kernel's business, which acts even while this process is in an endless loop.
 */
import { constants } from "node:os";
import { hasNative, native } from "./native.js";

/**
 * Has the kernel kill this process as soon as `parentPid`, or the thread of it that started this process, has ended. Costs
 * the 5 ms that the native calls take to load.
 *
 * Returns `false` where the kernel has no such promise to make. There, a process in an endless loop outlives a parent that
 * was killed; any other sees its channel end.
 */
export function dieWithParent(parentPid: number): boolean {
  if (!hasNative()) return false;
  native().setParentDeathSignal(constants.signals.SIGKILL);
  if (process.ppid !== parentPid) process.kill(process.pid, "SIGKILL");
  return true;
}
