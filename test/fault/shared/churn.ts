/**
 * Makes large arrays, passes each to a worker, and drops it: `churn.js COUNT`. Prints what it saw, in bytes: the most that was in the
 * session's folder at a time, what is left there at the end, and by how much the program's own memory has grown.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Pool, SharedArray } from "manyhands";
import { session } from "#lib/memory/session.js";
import { until } from "../../processes/until.js";

const count = Number(process.argv[2]);
const length = 1 << 20;

function inFolder(): number {
  let sizeBytes = 0;
  for (const name of readdirSync(session().folder)) {
    if (name.startsWith("segment-")) sizeBytes += statSync(join(session().folder, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return sizeBytes;
}

function ownMemory(): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
}

const pool = new Pool(1);
const touch = (array: SharedArray<"float64">): number | undefined => {
  array.view.fill(1.5);
  return array.view.at(-1);
};
let most = 0;
let before = 0;
for (let index = 0; index < count; index++) {
  const answer = await pool.apply(touch, [new SharedArray("float64", length)]);
  if (answer !== 1.5) throw new Error(`the worker answered ${answer}`);
  if (index === 0) before = ownMemory();
  most = Math.max(most, inFolder());
}
const grown = ownMemory() - before;
pool.close();
await pool.join();
await until(() => {
  globalThis.gc?.();
  return inFolder() === 0;
}, "all memory has come back");
console.log(JSON.stringify({ most, left: inFolder(), grown }));
