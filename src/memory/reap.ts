/**
 * Gives back what the dead held. Whoever notices a death reaps: the parent when its child exits, or a waiter that finds a
 * dead holder. The slot is freed last (registry.ts, invariant 3), so a reaper that is killed half-way is followed by another.
 */
import { existsSync } from "node:fs";
import { allocator } from "./allocator.js";
import { bury } from "./burial.js";
import { killPoint } from "./kill-point.js";
import { isMember, membership } from "./membership.js";
import { session } from "./session.js";

/**
 * Reaps every participant that is gone, or only those of one process. Call it when a child process or a thread of this
 * process has ended; it costs next to nothing where the program shares no memory.
 */
export function reap(processId?: number): void {
  if (!isMember() && !existsSync(session().folder)) return;
  const joined = membership();
  const { registry, self } = joined;
  const isDead = ({ id, processId: theirs }: { readonly id: number; readonly processId: number }): boolean =>
    // A process id of 0: killed before it was written.
    id !== self.id && (processId === undefined || theirs === processId || theirs === 0) && registry.isGone(id);
  if (!registry.participants().some(isDead)) return;
  registry.exclusively(self.id, () => {
    for (const dead of registry.participants().filter(isDead)) {
      allocator().forget(dead.slot);
      killPoint("reap.forgotten");
      bury(dead, joined);
    }
    allocator().sweep();
  });
}
