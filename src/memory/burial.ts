/** What becomes of the traces and the slots of the dead, under the manager lock; and how a newcomer gets room by it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Arena } from "./arena.js";
import { removeBell } from "./doorbell.js";
import { killPoint } from "./kill-point.js";
import { maxArenas, type Participant, type Registry } from "./registry.js";
import { openSegment } from "./segment.js";
import { removeSegment } from "./segment-files.js";
import type { Session } from "./session.js";
import type { WaitTable } from "./wait-table.js";

/** Where the traces are, but for those in arenas. */
export interface Grounds {
  readonly session: Session;
  readonly registry: Registry;
  readonly waitTable: WaitTable;
}

/** Frees the slot of somebody dead, whose traces in arenas are gone already. */
export function bury(dead: Participant, { session, registry, waitTable }: Grounds): void {
  waitTable.forget(dead.id);
  removeBell(session.folder, dead.id);
  registry.noteKilled(dead);
  registry.free(dead);
}

/** Buries all who are dead, and claims a slot for the calling thread, which has none; `undefined` when all who have one live. */
export function makeRoom(grounds: Grounds): Participant | undefined {
  const { registry } = grounds;
  const newcomer = registry.claimLast();
  try {
    for (;;) {
      const buried = registry.exclusively(newcomer.id, () => buryAll(grounds, newcomer));
      const claimed = registry.claim();
      // Other newcomers may have been faster.
      if (claimed !== undefined || buried === 0) return claimed;
    }
  } finally {
    registry.free(newcomer);
  }
}

function buryAll(grounds: Grounds, newcomer: Participant): number {
  const { registry } = grounds;
  const dead = registry.participants().filter(({ id }) => id !== newcomer.id && registry.isGone(id));
  if (dead.length === 0) return 0;
  const folders = [grounds.session.folder, grounds.session.spillFolder];
  for (const arena of arenasOf(registry, folders)) {
    // What they list stays listed until somebody sweeps, who does not trust in that count.
    for (const { slot } of dead) for (const { segment } of arena.forget(slot)) if (segment !== undefined) removeSegment(folders, segment);
  }
  killPoint("burial.forgotten");
  for (const participant of dead) bury(participant, grounds);
  return dead.length;
}

function* arenasOf({ int32, arenaTable }: Registry, folders: readonly string[]): Generator<Arena> {
  for (let entry = arenaTable; entry < arenaTable + maxArenas * 2; entry += 2) {
    const serial = Atomics.load(int32, entry);
    const path = folders.map((folder) => join(folder, `arena-${serial}`)).find((candidate) => existsSync(candidate));
    if (serial !== 0 && path !== undefined) yield new Arena(openSegment(path), serial);
  }
}
