/**
 * Sessions in which no place is free. `NEWCOMERS` in the environment says how many processes and threads come and die one after
 * the other, of each so many; by hand more than there are places, which is 511.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { allocator } from "#lib/memory/allocator.js";
import { Block } from "#lib/memory/block.js";
import { handleOf } from "#lib/memory/handle.js";
import { membership } from "#lib/memory/membership.js";
import { reap } from "#lib/memory/reap.js";
import { maxParticipants } from "#lib/memory/registry.js";
import { Lock } from "#lib/sync/lock.js";
import { end, said, start, until } from "./children.js";

const newcomers = Number(process.env["NEWCOMERS"] ?? 24);
const lock = new Lock();
const counter = Block.allocate(64);
const given = (): unknown => ({ lock: lock[handleOf]().data, counter: counter.send(), rounds: 1 });
const participants = (): number => membership().registry.participants().length;

/** Kills a process, and does not look after what it leaves. */
async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  assert.equal(await end(child), "SIGKILL");
}

/** Starts a process that takes all places. */
async function crowd(): Promise<ChildProcess> {
  const child = start("crowd", given());
  await said(child);
  assert.equal(participants(), maxParticipants);
  return child;
}

test("a newcomer is refused while all places are taken, and makes itself room when their holders are dead", async () => {
  const crowded = await crowd();
  const refused = start("comeIn", given());
  assert.match(await said(refused), /511 processes and threads of this program do already, and that is the limit/);
  assert.equal(participants(), maxParticipants, "it left the last slot");
  await kill(crowded);
  assert.equal(participants(), maxParticipants);
  const newcomer = start("comeIn", given());
  assert.equal(await said(newcomer), "came in\n");
  assert.equal(participants(), 2);
  assert.deepEqual(allocator().usage(), { arenas: 1, blocks: 2, segments: 0 });
  assert.equal(lock.tryAcquire()?.abandoned, true);
  lock.release();
  for (const child of [refused, newcomer]) await kill(child);
  reap();
});

test("newcomers that are killed while they make room are followed by others", async () => {
  await kill(await crowd());
  for (const killPoint of ["registry.claimed", "burial.forgotten"]) {
    assert.equal(await end(start("comeIn", given(), { killPoint })), "SIGKILL");
  }
  const rivals = ["comeIn", "comeIn", "comeIn"].map((action) => start(action, given()));
  assert.deepEqual(await Promise.all(rivals.map(said)), Array(3).fill("came in\n"));
  assert.equal(participants(), 4);
  assert.equal(lock.tryAcquire()?.abandoned, true);
  lock.release();
  for (const child of rivals) await kill(child);
  reap();
});

test(`${newcomers} processes and as many threads find places, though nobody looks after the dead`, async () => {
  const before = Atomics.load(counter.words.int32, counter.at);
  if (newcomers * 2 < maxParticipants) await kill(await crowd());
  let most = 0;
  for (let come = 0; come < newcomers; come += 4) {
    const children = Array.from({ length: 4 }, () => start("comeIn", given()));
    assert.deepEqual(await Promise.all(children.map(said)), Array(4).fill("came in\n"));
    for (const child of children) await kill(child);
    const threads = Array.from({ length: 4 }, () => startThread());
    await until(() => Atomics.load(counter.words.int32, counter.at) === before + (come + 4) * 2, "threads that have come in");
    for (const thread of threads) await thread.terminate();
    most = Math.max(most, participants());
  }
  assert.ok(most >= Math.min(newcomers, maxParticipants / 2), `${most} places were taken at most`);
  reap();
  assert.equal(participants(), 1);
});

function startThread(): Worker {
  return new Worker(new URL("./actor.js", import.meta.url), { argv: ["comeIn", JSON.stringify(given())], stdout: true });
}
