/** Keeps buffers over foreign memory where they are. */
import * as threads from "node:worker_threads";

/**
 * Sees to it that the buffer is copied, or refused, when somebody lists it for transfer. Transferred, it would live on in
 * another thread after it was unmapped here. From Node 21.2 on such buffers are marked by Node itself; marking them once
 * more aborts the process when a worker thread of Node 24 or 26 ends.
 */
export function keepUntransferable(buffer: ArrayBuffer): void {
  if (canTellMarked(threads) && threads.isMarkedAsUntransferable(buffer)) return;
  threads.markAsUntransferable(buffer);
}

function canTellMarked(module: object): module is { isMarkedAsUntransferable(value: object): boolean } {
  return "isMarkedAsUntransferable" in module;
}
