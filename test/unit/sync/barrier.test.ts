import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { BrokenBarrierError, StateError } from "#lib/errors.js";
import { handleOf } from "#lib/memory/handle.js";
import { Barrier, fromHandle } from "#lib/sync/barrier.js";

async function arrived(barrier: Barrier, count: number): Promise<void> {
  while (barrier.waiting < count) await turn();
}

test("Barrier.wait() gives each party another place, round after round", async () => {
  const barrier = new Barrier(5);
  assert.equal(barrier.parties, 5);
  for (let round = 0; round < 20; round++) {
    const places = await Promise.all(Array.from({ length: 5 }, () => barrier.wait()));
    assert.deepEqual(
      places.sort((a, b) => a - b),
      [0, 1, 2, 3, 4],
    );
    assert.equal(barrier.waiting, 0);
  }
  assert.equal(barrier.broken, false);
});

test("Barrier: nobody passes before all have arrived", async () => {
  const barrier = new Barrier(3);
  let passed = 0;
  const waits = [barrier.wait(), barrier.wait()].map((wait) => wait.then(() => passed++));
  await arrived(barrier, 2);
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(passed, 0);
  await barrier.wait();
  await Promise.all(waits);
  assert.equal(passed, 2);
});

test("Barrier: a party on its own passes at once", async () => {
  let runs = 0;
  const barrier = new Barrier(1, { action: () => runs++ });
  assert.equal(await barrier.wait(), 0);
  assert.equal(barrier.waitSync(), 0);
  assert.equal(await barrier.wait({ timeout: 0 }), 0);
  assert.equal(runs, 3);
});

test("Barrier: the action runs once a round, before anybody passes, and may be asynchronous", async () => {
  const seen: string[] = [];
  const action = async (): Promise<void> => {
    await turn();
    seen.push("action");
  };
  const barrier = new Barrier(3, { action });
  for (let round = 0; round < 3; round++) {
    seen.length = 0;
    await Promise.all(Array.from({ length: 3 }, () => barrier.wait({ timeout: 20_000 }).then(() => seen.push("passed"))));
    assert.deepEqual(seen, ["action", "passed", "passed", "passed"]);
  }
});

test("Barrier: an action that throws breaks it; its party gets the error", async () => {
  const barrier = new Barrier(3, { action: () => Promise.reject(new Error("inside")) });
  const waits = await Promise.allSettled(Array.from({ length: 3 }, () => barrier.wait()));
  const errors = waits.map((wait) => (wait.status === "rejected" ? (wait.reason as Error) : undefined));
  assert.equal(errors.filter((error) => error instanceof BrokenBarrierError).length, 2);
  assert.equal(errors.filter((error) => error?.message === "inside").length, 1);
  assert.equal(barrier.broken, true);
});

test("Barrier.waitSync() refuses an action that returns a promise, and breaks the barrier", () => {
  const barrier = new Barrier(1, { action: () => Promise.resolve() });
  assert.throws(() => barrier.waitSync(), StateError);
  assert.equal(barrier.broken, true);
  assert.throws(() => barrier.waitSync(), BrokenBarrierError);
});

test("Barrier: when one party's time is over it breaks for all, and stays broken until reset()", async () => {
  const barrier = new Barrier(4);
  const patient = [barrier.wait(), barrier.wait()];
  await arrived(barrier, 2);
  await assert.rejects(barrier.wait({ timeout: 5 }), BrokenBarrierError);
  for (const wait of patient) await assert.rejects(wait, BrokenBarrierError);
  assert.equal(barrier.broken, true);
  await assert.rejects(barrier.wait(), BrokenBarrierError);
  assert.throws(() => barrier.waitSync(), BrokenBarrierError);
  barrier.reset();
  assert.equal(barrier.broken, false);
  assert.equal(new Set(await Promise.all(Array.from({ length: 4 }, () => barrier.wait()))).size, 4);
});

test("Barrier: its own timeout holds for waits that state none", async () => {
  const barrier = new Barrier(2, { timeout: 5 });
  await assert.rejects(barrier.wait(), BrokenBarrierError);
  barrier.reset();
  assert.throws(() => barrier.waitSync(), BrokenBarrierError);
  barrier.reset();
  const waits = [barrier.wait({ timeout: 20_000 }), barrier.wait()];
  assert.deepEqual(
    (await Promise.all(waits)).sort((a, b) => a - b),
    [0, 1],
  );
});

test("Barrier: a negative timeout breaks it at once unless this party is the last", async () => {
  const barrier = new Barrier(2);
  await assert.rejects(barrier.wait({ timeout: -1 }), BrokenBarrierError);
  barrier.reset();
  const first = barrier.wait();
  assert.equal(await barrier.wait({ timeout: -1 }), 1);
  assert.equal(await first, 0);
});

test("Barrier.abort() breaks it for those who wait; after reset() all pass", async () => {
  const barrier = new Barrier(5);
  const waits = Array.from({ length: 4 }, () => barrier.wait());
  await arrived(barrier, 4);
  barrier.abort();
  barrier.abort();
  for (const wait of waits) await assert.rejects(wait, BrokenBarrierError);
  assert.equal(barrier.broken, true);
  barrier.reset();
  assert.equal(new Set(await Promise.all(Array.from({ length: 5 }, () => barrier.wait()))).size, 5);
});

test("Barrier.reset() sends those who wait away, and the barrier can be used at once", async () => {
  const barrier = new Barrier(3);
  barrier.reset();
  const waits = [barrier.wait(), barrier.wait()];
  await arrived(barrier, 2);
  barrier.reset();
  assert.equal(barrier.broken, false);
  assert.equal(barrier.waiting, 0);
  const next = Array.from({ length: 3 }, () => barrier.wait());
  for (const wait of waits) await assert.rejects(wait, BrokenBarrierError);
  assert.equal(new Set(await Promise.all(next)).size, 3);
});

test("Barrier: each round's parties learn how their own round ended, however many ended since", async () => {
  const barrier = new Barrier(2);
  const ends: Promise<PromiseSettledResult<number>[]>[] = [];
  for (let round = 0; round < 10; round++) {
    ends.push(Promise.allSettled([barrier.wait(), barrier.wait()]));
    ends.push(Promise.allSettled([barrier.wait()]));
    barrier.reset();
  }
  const statuses = (await Promise.all(ends)).flat().map(({ status }) => status);
  assert.deepEqual(statuses, Array.from({ length: 10 }, () => ["fulfilled", "fulfilled", "rejected"]).flat());
});

test("Barrier: an aborted wait rejects with the reason, and breaks the barrier for the others", async () => {
  const barrier = new Barrier(3);
  const reason = new Error("enough");
  await assert.rejects(barrier.wait({ signal: AbortSignal.abort(reason) }), reason);
  assert.equal(barrier.broken, false);
  const controller = new AbortController();
  const waits = [barrier.wait(), barrier.wait({ signal: controller.signal })];
  await arrived(barrier, 2);
  controller.abort(reason);
  await assert.rejects(waits[1] ?? Promise.resolve(), reason);
  await assert.rejects(waits[0] ?? Promise.resolve(), BrokenBarrierError);
});

test("Barrier: while the action runs, timeouts end nothing, and a party too many waits for the next round", async () => {
  let finish = (): void => {};
  const barrier = new Barrier(2, { action: () => new Promise<void>((resolve) => (finish = resolve)) });
  const waits = [barrier.wait({ timeout: 5 }), barrier.wait({ timeout: 5 })];
  const third = barrier.wait();
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(barrier.broken, false);
  finish();
  assert.deepEqual(
    (await Promise.all(waits)).sort((a, b) => a - b),
    [0, 1],
  );
  await arrived(barrier, 1);
  const fourth = barrier.wait();
  await turn();
  finish();
  assert.deepEqual(await Promise.all([third, fourth]), [0, 1]);
});

test("Barrier.abort() during the action breaks the round for all, whatever the action does", async () => {
  let finish = (): void => {};
  const barrier = new Barrier(2, { action: () => new Promise<void>((resolve) => (finish = resolve)) });
  const waits = [barrier.wait(), barrier.wait()];
  await turn();
  barrier.abort();
  finish();
  for (const wait of waits) await assert.rejects(wait, BrokenBarrierError);
});

test("Barrier: what it cannot be made of is refused", async () => {
  for (const parties of [0, -1, 1.5, NaN, 65536]) assert.throws(() => new Barrier(parties), RangeError);
  assert.throws(() => new Barrier("2" as unknown as number), TypeError);
  assert.throws(() => new Barrier(2, { action: 1 as unknown as () => void }), TypeError);
  assert.throws(() => new Barrier(2, { timeout: "1" as unknown as number }), TypeError);
  await assert.rejects(new Barrier(2).wait({ timeout: NaN }), TypeError);
});

test("a barrier that comes back through its handle is the same object", () => {
  const barrier = new Barrier(2);
  assert.equal(barrier[handleOf]().kind, "barrier");
  assert.equal(fromHandle(barrier[handleOf]().data), barrier);
  assert.throws(() => fromHandle({ location: 1 }), /malformed/);
});
