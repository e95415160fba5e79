/**
 * Makes arrays of 8 MiB and locks, passes them to a worker, which uses them, and drops them: `churn.js ARRAYS LOCKS`. Prints what is
 * left of them while both processes still run, and by how much they have grown, in bytes; and the most that was there at a time.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Lock, Pool, SharedArray } from "manyhands";
import { allocator } from "#lib/memory/allocator.js";
import { session } from "#lib/memory/session.js";

const [arrays = 0, locks = 0] = process.argv.slice(2).map(Number);
const length = 1 << 20;
/** So many locks are there at a time. */
const batch = 1000;

export interface Churned {
  /** The most that was in the session's folder at a time. */
  readonly most: number;
  /** What is in it at the end, more than at the beginning; and how many blocks are in use, more than then. */
  readonly left: number;
  readonly blocks: number;
  readonly programGrown: number;
  readonly workerGrown: number;
}

function inFolder(): number {
  const { folder } = session();
  return readdirSync(folder).reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

const pool = new Pool(1, { execArgv: ["--expose-gc"] });
const fill = (array: SharedArray<"float64">): number | undefined => {
  array.view.fill(1.5);
  return array.view.at(-1);
};
const useAll = (all: readonly Lock[]): number => {
  for (const lock of all) lock.acquireSync().release();
  return all.length;
};

async function passArray(): Promise<void> {
  const answer = await pool.apply(fill, [new SharedArray("float64", length)]);
  if (answer !== 1.5) throw new Error(`the worker answered ${answer}`);
}

async function passLocks(): Promise<void> {
  const made = Array.from({ length: batch }, () => new Lock());
  if ((await pool.apply(useAll, [made])) !== batch) throw new Error("the worker has not used all");
  for (const lock of made) if (lock.locked) throw new Error("a lock is held");
}

/** Collects until no more is in use than at first; says how much the session and both processes have then. */
async function settled(): Promise<{ readonly folder: number; readonly blocks: number; readonly program: number; readonly worker: number }> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    globalThis.gc?.();
    await pool.apply(() => globalThis.gc?.());
    const { blocks, segments } = allocator().usage();
    const [program, worker] = [memoryOf(process.pid), memoryOf(pool.workers[0]?.pid ?? 0)];
    if (blocks <= first.blocks && segments <= first.segments) return { folder: inFolder(), blocks, program, worker };
    if (Date.now() > deadline) throw new Error(`${blocks} blocks and ${segments} segments have not come back`);
  }
}

await pool.apply(() => 0);
// From some hundred messages on, the pool has rings and tickets in shared memory itself.
const nothing = (): void => {};
for (const { blocks } = allocator().usage(); allocator().usage().blocks < blocks + 2;) await pool.apply(nothing);
const first = allocator().usage();
// Both processes have loaded and compiled everything, and their heaps are as large as they become, before anything is measured.
for (let round = 0; round < 20; round++) await passArray();
for (let round = 0; round < locks / 2; round += batch) await passLocks();
const before = await settled();
let most = 0;
for (let round = 0; round < arrays; round++) {
  await passArray();
  most = Math.max(most, inFolder());
}
for (let round = 0; round < locks; round += batch) await passLocks();
const after = await settled();
const churned: Churned = {
  most,
  left: after.folder - before.folder,
  blocks: after.blocks - before.blocks,
  programGrown: after.program - before.program,
  workerGrown: after.worker - before.worker,
};
console.log(JSON.stringify(churned));
pool.close();
await pool.join();
