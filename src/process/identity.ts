/** Who this process is, and what its children are called. */
import { realm } from "../backend/realm.js";
import { waitFor, type WaitOptions } from "../backend/wait-for.js";
import type { Identity } from "../wire/messages.js";

/** What `currentProcess()` answers. */
export interface CurrentProcess {
  /** `MainProcess` in the program itself. */
  readonly name: string;
  readonly pid: number;
  readonly daemon: boolean;
}

/** What `parentProcess()` answers. */
export interface ParentProcess {
  readonly name: string;
  readonly pid: number;
  /** Whether it still runs; however it ends, its workers soon follow. */
  readonly isAlive: boolean;
  /**
   * Waits for its end: `true`; or until `timeout` milliseconds are over: `false`. This process ends right after its parent, so
   * what is done on `true` must be short, and synchronous. Python: `parent_process().join(timeout)`.
   */
  join(options?: WaitOptions): Promise<boolean>;
}

const root: Identity = { name: "MainProcess", daemon: false, role: "process", parent: { pid: 0, name: "" }, path: [] };

export function ownIdentity(): Identity {
  return realm().identity ?? root;
}

/** The process (or thread) that runs this code. Python: `current_process()`. */
export function currentProcess(): CurrentProcess {
  const { name, daemon } = ownIdentity();
  return { name, daemon, pid: process.pid };
}

/** The process that started this one; `undefined` in the program itself. Python: `parent_process()`. */
export function parentProcess(): ParentProcess | undefined {
  const identity = realm().identity;
  if (identity === undefined) return undefined;
  const { name, pid } = identity.parent;
  return {
    name,
    pid,
    get isAlive() {
      // A process whose parent dies is given another; a thread lives in its parent.
      return process.pid === pid || process.ppid === pid;
    },
    join: (options = {}) => waitFor(realm().parentIsGone.happened, options),
  };
}

/** The number of the next thing created here, after this process's own: `[3]` in the program itself, `[3, 1]` in that. */
export function nextPath(): readonly number[] {
  return [...ownIdentity().path, ++realm().createdCount];
}

export function childIdentity(child: Omit<Identity, "parent">): Identity {
  return { ...child, parent: { pid: process.pid, name: ownIdentity().name } };
}
