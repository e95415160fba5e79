/** Run with a very small /dev/shm by block.test.ts: nothing may be a SIGBUS. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { Block } from "#lib/memory/block.js";
import { handleOf } from "#lib/memory/handle.js";
import { membership } from "#lib/memory/membership.js";
import { sessionEnvironment } from "#lib/memory/session.js";
import { fromHandle, Lock } from "#lib/sync/lock.js";

const [, program = "", given] = process.argv;
if (given === undefined) {
  const locks = Array.from({ length: 20_000 }, () => new Lock());
  const last = locks.at(-1)?.acquireSync();
  const block = Block.allocate(64 << 20);
  const bytes = new Uint8Array(block.buffer).fill(1);
  if (!existsSync(membership().session.spillFolder)) throw new Error("nothing was spilled");
  const handles = JSON.stringify([locks.at(-1)?.[handleOf]().data, block.send()]);
  const child = spawnSync(process.execPath, [program, handles], { stdio: "inherit", env: { ...process.env, ...sessionEnvironment() } });
  if (child.status !== 0 || bytes.at(-1) !== 2) throw new Error("the other process did not see the memory");
  last?.release();
  console.log(`${locks.length} locks, a ${bytes.length}-byte segment in the temporary folder, and another process saw both`);
} else {
  const [lock, location] = JSON.parse(given) as [unknown, unknown];
  if (!fromHandle(lock).locked) throw new Error("the lock is not held");
  const bytes = new Uint8Array(Block.attach(location).buffer);
  if (bytes.at(-1) !== 1) throw new Error("the segment is another");
  bytes[bytes.length - 1] = 2;
}
