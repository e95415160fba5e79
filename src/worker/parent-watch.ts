/**
 * Ties a worker process's life to its parent's.
 *
 * The end of the channel says that the parent is gone, but only to a worker whose event loop turns. One in an endless loop is
 * ended by the kernel (Linux: a death signal). The parent may have died before the kernel was asked; so look afterwards.
 * Where the kernel offers nothing, a worker that never yields outlives a parent that was killed.
 */
import { hasNative, native } from "../platform/native.js";
import { constants } from "node:os";

export function endWithParent(parentPid: number): void {
  // After `ready` is on its way: loading the native calls takes milliseconds that the host need not wait for.
  setImmediate(() => {
    if (!hasNative()) return;
    native().setParentDeathSignal(constants.signals.SIGKILL);
    if (process.ppid !== parentPid) process.exit(1);
  });
}
