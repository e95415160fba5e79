/** Processes that count under a lock, while others are killed holding it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Block } from "#lib/memory/block.js";
import { handleOf } from "#lib/memory/handle.js";
import { reap } from "#lib/memory/reap.js";
import { Lock } from "#lib/sync/lock.js";
import { end, said, start, until } from "./children.js";

/** In the first word of a lock: it is to be handed to one waiter (mutex.ts). */
const handoffBit = 2;
const kills = Number(process.env["KILLS"] ?? 20);

test("4 processes x 100,000 locked increments are exact", async () => {
  const lock = new Lock();
  const counter = Block.allocate(64);
  const given = (): unknown => ({ lock: lock[handleOf]().data, counter: counter.send(), rounds: 100_000 });
  const children = ["count", "count", "count", "count"].map((action) => start(action, given()));
  assert.deepEqual(await Promise.all(children.map(end)), [0, 0, 0, 0]);
  assert.equal(counter.words.int32[counter.at], 400_000);
  assert.equal(lock.locked, false);
});

test("blocking and awaiting processes share a lock exactly", async () => {
  const lock = new Lock();
  const counter = Block.allocate(64);
  const given = (): unknown => ({ lock: lock[handleOf]().data, counter: counter.send(), rounds: 5_000 });
  const children = ["count", "countAsync", "countAsync", "count"].map((action) => start(action, given()));
  assert.deepEqual(await Promise.all(children.map(end)), [0, 0, 0, 0]);
  assert.equal(counter.words.int32[counter.at], 20_000);
});

test(`what 4 processes count is exact while a fifth is killed ${kills} times holding the lock`, async () => {
  const lock = new Lock();
  const counter = Block.allocate(64);
  const given = (): unknown => ({ lock: lock[handleOf]().data, counter: counter.send(), rounds: 0 });
  const counters = Array.from({ length: 4 }, () => start("countUntilTold", given()));
  // Two at a time, since starting takes longest; which of them gets the lock first is open.
  const victims = new Map([start("hold", given()), start("hold", given())].map((child) => [child, said(child)]));
  for (let kill = 0; kill < kills; kill++) {
    const holder = await Promise.race([...victims].map(([child, held]) => held.then(() => child)));
    victims.delete(holder);
    holder.kill("SIGKILL");
    await end(holder);
    // Every second time nobody but the waiters themselves finds the dead.
    if (kill % 2 === 0) reap(holder.pid);
    if (kill >= kills - 2) continue;
    const next = start("hold", given());
    victims.set(next, said(next));
  }
  const { int32 } = counter.words;
  await until(() => Atomics.load(int32, counter.at) >= 400_000, "400,000 increments");
  Atomics.store(int32, counter.at + 1, 1);
  assert.deepEqual(await Promise.all(counters.map((child) => end(child))), [0, 0, 0, 0]);
  assert.equal(int32[counter.at], int32[counter.at + 2]);
});

test("a lock whose holder was killed passes on, and the guard says so", async () => {
  const lock = new Lock();
  const counter = Block.allocate(64);
  const given = (): unknown => ({ lock: lock[handleOf]().data, counter: counter.send(), rounds: 0 });
  for (const acquire of [() => lock.acquire(), () => lock.acquireSync(), () => lock.acquire({ timeout: 60_000 })]) {
    const victim = start("hold", given());
    await said(victim);
    assert.equal(lock.tryAcquire(), undefined);
    const waiting = new Promise((resolve) => setImmediate(resolve)).then(acquire);
    victim.kill("SIGKILL");
    const held = await waiting;
    assert.equal(held?.abandoned, true);
    held?.release();
    await end(victim);
    {
      using again = lock.acquireSync();
      assert.equal(again.abandoned, false);
    }
  }
});

test("no waiter starves: each of 8 processes gets the lock while 7 others want it all the time", async () => {
  const lock = new Lock();
  const board = Block.allocate(64);
  const children = Array.from({ length: 8 }, (_, number) =>
    start("hog", { lock: lock[handleOf]().data, counter: board.send(), rounds: number }),
  );
  const { int32 } = board.words;
  const { at } = board;
  const turnsSince = (before: readonly number[]): number[] => before.map((turns, number) => Atomics.load(int32, at + number) - turns);
  const nobody = Array<number>(8).fill(0);
  await until(() => turnsSince(nobody).every((turns) => turns > 0), "start of everybody");
  // What the first ones had while the last ones were starting does not count.
  const before = turnsSince(nobody);
  // Each holds the lock for a millisecond and wants it again at once; who is awake would always win without the handing off.
  await until(() => turnsSince(before).every((turns) => turns >= 40), "40 turns for everybody");
  const turns = turnsSince(before);
  Atomics.store(int32, at + 8, 1);
  assert.deepEqual(await Promise.all(children.map(end)), Array(8).fill(0));
  assert.ok(Math.max(...turns) <= 10 * Math.min(...turns), turns.join(" "));
});

test("of 8 processes, one that wants the lock again at once never passes by one that has waited long, and each gets its turns", async (t) => {
  const lock = new Lock();
  const board = Block.allocate(64);
  const children = Array.from({ length: 7 }, (_, number) =>
    start("takeTurns", { lock: lock[handleOf]().data, counter: board.send(), rounds: number }),
  );
  t.after(() => children.forEach((child) => child.kill("SIGKILL")));
  const lockBlock = Block.attach(lock[handleOf]().data);
  const { int32 } = board.words;
  const turns = (): number[] => children.map((_, number) => Atomics.load(int32, board.at + number));
  const total = (): number => turns().reduce((sum, own) => sum + own, 0);
  while (turns().some((own) => own < 10)) {
    const held = await lock.acquire({ timeout: 60_000 });
    assert.ok(held, `not within a minute, turns ${turns().join(" ")}`);
    await until(() => (Atomics.load(lockBlock.words.int32, lockBlock.at) & handoffBit) !== 0, "waiter to which the lock is to be handed");
    const before = total();
    held.release();
    const again = lock.tryAcquire();
    // Unless the one to which it was handed has had its turn already.
    if (again !== undefined) assert.ok(total() > before, "a waiter was passed by");
    again?.release();
  }
  Atomics.store(int32, board.at + 8, 1);
  assert.deepEqual(await Promise.all(children.map(end)), Array(7).fill(0));
});

test("who awaits the lock is handed it by a process that wants it again at once, always", async () => {
  const lock = new Lock();
  const board = Block.allocate(64);
  const hog = start("hog", { lock: lock[handleOf]().data, counter: board.send(), rounds: 0 });
  await until(() => Atomics.load(board.words.int32, board.at) > 0, "the lock to be taken");
  for (let turn = 0; turn < 100; turn++) {
    const held = await lock.acquire({ timeout: 60_000 });
    assert.ok(held, `not within a minute, turn ${turn}`);
    held.release();
  }
  Atomics.store(board.words.int32, board.at + 8, 1);
  assert.equal(await end(hog), 0);
});
