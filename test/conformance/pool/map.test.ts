import assert from "node:assert/strict";
import { test } from "node:test";
import { CancelledError, EncodeError, Event, TimeoutError, WorkerDiedError } from "manyhands";
import { forEachBackend, patience, waitUntil } from "./backends.js";

forEachBackend("Pool.map", ({ Pool }) => {
  test("map() gives the results in the order of the items", async () => {
    await using pool = new Pool(2);
    const items = Array.from({ length: 1000 }, (_, index) => index);
    const squares = items.map((x) => x * x);
    assert.deepEqual(await pool.map((x: number) => x * x, items), squares);
    assert.deepEqual(await pool.map(async (x: number) => x * x, items, { chunkSize: 1 }), squares);
    assert.deepEqual(await pool.map((x: number) => x * x, items, { chunkSize: 5000 }), squares);
  });

  test("map() takes sets, strings, generators and async iterables", async () => {
    await using pool = new Pool(2);
    async function* later(): AsyncGenerator<number> {
      yield 1;
      yield 2;
    }
    assert.deepEqual(await pool.map((x: number) => x + 1, new Set([1, 2])), [2, 3]);
    assert.deepEqual(await pool.map((x: string) => x.toUpperCase(), "ab"), ["A", "B"]);
    assert.deepEqual(await pool.map((x: number) => x + 1, [1, 2].values()), [2, 3]);
    assert.deepEqual(await pool.map((x: number) => x + 1, later()), [2, 3]);
  });

  test("map() passes the item and nothing else", async () => {
    await using pool = new Pool(1);
    assert.deepEqual(await pool.map((...args: unknown[]) => args.length, [7, 8]), [1, 1]);
  });

  test("map() over nothing is [] at once", async () => {
    await using pool = new Pool(1);
    const task = pool.map((x: number) => x, []);
    assert.equal(task.ready, true);
    assert.deepEqual(await task, []);
    assert.deepEqual(await pool.map((x: number) => x, [], { chunkSize: 3 }), []);
  });

  test("map() waits for every chunk, and rejects with the error that came first", async () => {
    await using pool = new Pool(2);
    const go = [new Event(), new Event()] as const;
    const failing = pool.map(
      async (index: number) => {
        await go[index]?.wait(patience);
        throw new Error(`${index}:${"x".repeat(1_000_000)}`);
      },
      [0, 1],
      { chunkSize: 1 },
    );
    const states = (): string[] => pool.workers.map((worker) => worker.state).sort();
    await waitUntil("both chunks run", () => states().join() === "busy,busy");
    go[1].set();
    await waitUntil("the second chunk has failed", () => states().join() === "busy,idle");
    assert.equal(failing.ready, false);
    go[0].set();
    await assert.rejects(failing, /^Error: 1:x/);
  });

  test("map() rejects when a worker dies with a chunk; the pool goes on", async () => {
    await using pool = new Pool(2);
    const items = [0, 1, 2, 3];
    const failing = pool.map((x: number) => (x === 2 ? process.exit(3) : x), items, { chunkSize: 1 });
    await assert.rejects(failing, (error: WorkerDiedError) => error instanceof WorkerDiedError && error.exitCode === 3);
    assert.deepEqual(await pool.map((x: number) => x, items), items);
  });

  test("map() over what cannot be sent rejects promptly; the pool goes on", async () => {
    await using pool = new Pool(2);
    await assert.rejects(
      pool.map(
        (x: unknown) => x,
        Array.from({ length: 10 }, () => new WeakMap()),
      ),
      EncodeError,
    );
    assert.deepEqual(await pool.map((x: number) => x * x, [2, 3]), [4, 9]);
  });

  test("map() rejects with the error of its input, sync or async; the pool goes on", async () => {
    await using pool = new Pool(1);
    function* broken(): Generator<number> {
      yield 1;
      throw new RangeError("input");
    }
    async function* brokenLater(): AsyncGenerator<number> {
      yield 1;
      throw new RangeError("input");
    }
    await assert.rejects(
      pool.map((x: number) => x, broken()),
      RangeError,
    );
    await assert.rejects(
      pool.map((x: number) => x, brokenLater()),
      RangeError,
    );
    await assert.rejects(
      pool.map((x: number) => x, 5 as unknown as number[]),
      TypeError,
    );
    await assert.rejects(
      pool.map((x: number) => x, [1], { chunkSize: 0 }),
      RangeError,
    );
    assert.deepEqual(await pool.map((x: number) => x, [1]), [1]);
  });

  test("map() can be cancelled: waiting chunks are dropped, running ones stopped", async () => {
    await using pool = new Pool(2);
    const endless = pool.map(
      () => {
        for (;;);
      },
      Array.from({ length: 100 }, (_, index) => index),
      { chunkSize: 1 },
    );
    await waitUntil("a chunk runs", () => pool.workers.some((worker) => worker.state === "busy"));
    assert.equal(endless.cancel(), true);
    await assert.rejects(endless, CancelledError);
    assert.equal(pool.pending, 0);
    assert.deepEqual(await pool.map((x: number) => x, [1, 2]), [1, 2]);
  });

  test("map() obeys a signal and a timeout for each item", async () => {
    await using pool = new Pool(1);
    const { signal } = new AbortController();
    assert.deepEqual(await pool.map((x: number) => x, [1], { signal, timeout: 60_000 }), [1]);
    const endless = (x: number): number => {
      const until = x > 0 ? Infinity : 0;
      while (Date.now() < until);
      return x;
    };
    await assert.rejects(pool.map(endless, [0, 1, 0], { timeout: 100, chunkSize: 1 }), TimeoutError);
    await assert.rejects(pool.map(endless, [1], { signal: AbortSignal.timeout(100) }), { name: "TimeoutError" });
    await assert.rejects(pool.map(endless, [1], { signal: AbortSignal.abort(new RangeError("before")) }), RangeError);
  });

  test("starmap() spreads each item over the parameters", async () => {
    await using pool = new Pool(2);
    assert.deepEqual(
      await pool.starmap(
        (a: number, b: string) => b.repeat(a),
        [
          [1, "x"],
          [2, "y"],
        ],
      ),
      ["x", "yy"],
    );
    await assert.rejects(
      pool.starmap((a: number) => a, [5] as unknown as [number][]),
      TypeError,
    );
  });
});
