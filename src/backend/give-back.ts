/** When a worker has ended, what it held in shared memory is given back. */
import { existsSync } from "node:fs";
import { session } from "../memory/session.js";

/** Loads what that takes only in a program that shares memory. Should it fail, whoever needs the memory next finds the dead. */
export function giveBackSharedMemory(processId: number | undefined): void {
  if (!existsSync(session().folder)) return;
  void import("../memory/reap.js").then(({ reap }) => reap(processId)).catch(() => {});
}
