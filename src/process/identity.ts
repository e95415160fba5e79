/** Who this process is, and what its children are called. */
import { realm } from "../backend/realm.js";
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
}

const root: Identity = { name: "MainProcess", daemon: false, role: "process", parent: { pid: 0, name: "" }, depth: 0 };

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
  };
}

/** `Process-3` in the program itself, `Process-3:1` for the first child of that. */
export function nextProcessName(): string {
  const number = ++realm().createdCount;
  const own = realm().identity;
  return own === undefined ? `Process-${number}` : `${own.name}:${number}`;
}

export function childIdentity(child: Pick<Identity, "name" | "daemon" | "role">): Identity {
  const own = ownIdentity();
  return { ...child, parent: { pid: process.pid, name: own.name }, depth: own.depth + 1 };
}
