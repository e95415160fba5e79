/** A program with a pool that works until it is killed: `program.js HOW`. It says where its memory and who its workers are. */
import { writeSync } from "node:fs";
import { Pool } from "manyhands";
import { session } from "#lib/memory/session.js";

const [, , how] = process.argv;
// The library has read it; the workers are not to die by it.
delete process.env["KILL_POINT"];
const pool = new Pool(2, { execArgv: [] });
const argument = (index: number): unknown => (how === "large arguments" && index % 50 === 49 ? new Uint8Array(2 << 20) : index);
const result = (value: unknown, size: number): unknown => (size > 0 ? new Uint8Array(size) : value);
await pool.apply(result, [0, 0]);
writeSync(1, `${JSON.stringify({ folder: session().folder, pids: pool.workers.map(({ pid }) => pid) })}\n`);
for (;;) {
  const size = (index: number): number => (how === "large results" && index % 50 === 49 ? 2 << 20 : 0);
  await Promise.all(Array.from({ length: 100 }, (_, index) => pool.apply(result, [argument(index), size(index)])));
}
