/** Tasks that are sent to a busy worker ahead: each still runs once, in its turn, and none waits behind another for long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Event, SharedArray, SharedValue, WorkerDiedError } from "manyhands";
import { forEachBackend, waitUntil } from "./backends.js";

forEachBackend("tasks sent ahead", ({ kind, Pool }) => {
  const same = (n: number): number => n;
  const double = (n: number): number => n * 2;

  /** A pool whose workers have had many quick tasks, so that they are sent others ahead. */
  async function quickPool(size: number): Promise<InstanceType<typeof Pool>> {
    const pool = new Pool(size);
    for (let round = 0; round < 4; round += 1) await Promise.all(Array.from({ length: 500 }, (_, n) => pool.apply(same, [n])));
    return pool;
  }

  test("10,000 calls at once give their own results", async () => {
    await using pool = await quickPool(2);
    const results = await Promise.all(Array.from({ length: 10_000 }, (_, n) => pool.apply(double, [n])));
    assert.deepEqual(
      results,
      Array.from({ length: 10_000 }, (_, n) => n * 2),
    );
  });

  test("one worker begins tasks in the order of the calls, also when they are taken back meanwhile", async () => {
    await using pool = await quickPool(1);
    const order = new SharedArray("uint32", 400);
    const next = new SharedValue("uint32");
    const note = (task: number): void => {
      order.view[next.add(1)] = task;
      const end = performance.now() + (task % 40 === 7 ? 12 : 0);
      while (performance.now() < end);
    };
    await Promise.all(Array.from({ length: 400 }, (_, n) => pool.apply(note, [n])));
    assert.deepEqual(
      [...order.view],
      Array.from({ length: 400 }, (_, n) => n),
    );
  });

  test("what stands behind a task that blocks its worker is run by another", async () => {
    await using pool = await quickPool(2);
    const go = new Event();
    const blocked: Promise<boolean>[] = [];
    const quick: Promise<number>[] = [];
    for (let n = 0; n < 300; n += 1) {
      if (n === 10) blocked.push(pool.apply(() => go.waitSync()));
      quick.push(pool.apply(same, [n]));
    }
    assert.equal((await Promise.all(quick)).length, 300);
    go.set();
    assert.deepEqual(await Promise.all(blocked), [true]);
  });

  test("a task may wait for one that was submitted before it", async () => {
    await using pool = await quickPool(2);
    const passOn = (before: Event, after: Event | undefined): void => {
      before.waitSync();
      after?.set();
    };
    for (let round = 0; round < 20; round += 1) {
      const events = Array.from({ length: 40 }, () => new Event());
      events[0]?.set();
      await Promise.all(events.map((event, n) => pool.apply(passOn, [event, events[n + 1]])));
    }
  });

  test("tasks that are aborted among thousands do not begin afterwards, and the others run once", async () => {
    await using pool = await quickPool(2);
    const runs = new SharedArray("uint32", 4000);
    const controller = new AbortController();
    const count = (n: number): void => void Atomics.add(runs.view, n, 1);
    const { signal } = controller;
    const calls = Array.from({ length: 4000 }, (_, n) => pool.apply(count, [n], n % 100 === 50 ? { signal } : {}));
    const settled = Promise.allSettled(calls);
    await calls[20];
    controller.abort(new RangeError("enough"));
    const before = [...runs.view];
    for (const [n, outcome] of (await settled).entries()) {
      if (outcome.status === "rejected") {
        assert.ok(outcome.reason instanceof RangeError);
        assert.equal(n % 100, 50);
        assert.ok((runs.view[n] ?? 0) <= 1);
      } else {
        assert.equal(runs.view[n], 1);
      }
    }
    assert.ok(before.includes(0), "not all had run when the rest was aborted");
  });

  test("each of many tasks has its own time limit, counted from its beginning", async () => {
    await using pool = await quickPool(1);
    const run = (isEndless: boolean): void => {
      if (isEndless) for (;;);
    };
    const calls = Array.from({ length: 200 }, (_, n) => pool.apply(run, [n === 100], { timeout: 5000 }));
    const outcomes = await Promise.allSettled(calls);
    assert.deepEqual(
      outcomes.flatMap(({ status }, n) => (status === "rejected" ? [n] : [])),
      [100],
    );
  });

  test("what tasks have left running goes on between those that follow in a row", async () => {
    await using pool = await quickPool(1);
    const ticks = new SharedValue("uint32");
    await pool.apply(() => void setInterval(() => ticks.add(1), 1));
    const seen = ticks.value;
    while (ticks.value < seen + 20) await Promise.all(Array.from({ length: 200 }, (_, n) => pool.apply(same, [n])));
  });

  if (kind === "process") {
    test("a worker that is killed among thousands of tasks loses the one it ran; every other runs once", async () => {
      await using pool = await quickPool(2);
      const runs = new SharedArray("uint32", 3000);
      const run = (n: number): void => {
        Atomics.add(runs.view, n, 1);
        if (n % 1000 === 500) process.kill(process.pid, "SIGKILL");
      };
      const calls = Array.from({ length: 3000 }, (_, n) => pool.apply(run, [n]));
      const outcomes = await Promise.allSettled(calls);
      const lost = outcomes.flatMap((outcome, n) =>
        outcome.status === "rejected" ? [[n, outcome.reason as WorkerDiedError] as const] : [],
      );
      assert.deepEqual(
        lost.map(([n]) => n),
        [500, 1500, 2500],
      );
      assert.ok(lost.every(([n, error]) => error instanceof WorkerDiedError && error.task?.includes("#") === true && runs.view[n] === 1));
      assert.ok(runs.view.every((count) => count === 1));
      await waitUntil("the pool is whole again", () => pool.workers.every((worker) => worker.state === "idle"));
    });

    test("workers that are killed from outside at any moment lose at most what they had begun", async () => {
      await using pool = await quickPool(2);
      const runs = new SharedArray("uint32", 20_000);
      const run = (n: number): void => void Atomics.add(runs.view, n, 1);
      const calls = Array.from({ length: 20_000 }, (_, n) => pool.apply(run, [n]));
      let settledCount = 0;
      for (const call of calls) call.then(() => (settledCount += 1)).catch(() => {});
      const settled = Promise.allSettled(calls);
      for (let kill = 1; kill <= 5; kill += 1) {
        await waitUntil("some have run", () => settledCount >= kill * 500);
        const victim = pool.workers.find((worker) => worker.state === "busy")?.pid;
        if (victim !== undefined) process.kill(victim, "SIGKILL");
      }
      const outcomes = await settled;
      for (const [n, outcome] of outcomes.entries()) {
        if (outcome.status === "fulfilled") assert.equal(runs.view[n], 1, `task ${n}`);
        else assert.ok(outcome.reason instanceof WorkerDiedError && (runs.view[n] ?? 0) <= 1);
      }
      // Those that had finished, and whose answers were on their way, are lost with their worker, too; not those behind them.
      assert.ok(outcomes.filter(({ status }) => status === "rejected").length <= 5 * 128);
    });
  }
});
