/** Who may hold something in shared memory, as an id that fits a word. */
import { hasNative } from "../platform/native.js";
import { membership } from "./membership.js";
import { threadTable } from "./thread-table.js";

/**
 * How long a waiter sleeps, in milliseconds, before it looks whether the holder it waits for is dead, and whether it was
 * forgotten by somebody who was killed before waking it. Long enough to cost nothing, short enough that a lock passes on
 * within 50 ms.
 */
export const attendMs = 20;

export interface Holders {
  /** This thread's id: positive, below 2^29, and never that of another thread or process of the session, dead or alive. */
  readonly self: number;
  /** Whether the holder is dead or has left the session. About 15 microseconds. */
  isGone(id: number): boolean;
  /** Whether the holder was killed, rather than left the session by itself. As fast. */
  wasKilled(id: number): boolean;
}

/** The holders of this thread's session; of this process, where memory cannot be shared between processes. */
export function holders(): Holders {
  if (!hasNative()) return threadTable().asHolders();
  const { self, registry } = membership();
  return {
    self: self.id,
    isGone: (id) => id !== self.id && registry.isGone(id),
    wasKilled: (id) => id !== self.id && registry.wasKilled(id),
  };
}
