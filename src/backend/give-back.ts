/** When a worker has ended, what it held in shared memory is given back. */
import { existsSync } from "node:fs";
import type { Sender } from "../memory/consignment.js";
import { session } from "../memory/session.js";

/** Loads what that takes only in a program that shares memory. Should it fail, whoever needs the memory next finds the dead. */
export function giveBackSharedMemory(processId: number | undefined): void {
  if (!existsSync(session().folder)) return;
  void import("../memory/reap.js").then(({ reap }) => reap(processId)).catch(() => {});
}

/** When all that a worker has sent has been read, what only messages name that never came is given back. */
export function giveBackUnreceived(worker: Sender): void {
  if (!existsSync(session().folder)) return;
  void import("../memory/allocator.js").then(({ allocator }) => allocator().consignments.collect(worker)).catch(() => {});
}
