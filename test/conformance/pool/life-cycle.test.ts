import assert from "node:assert/strict";
import { test } from "node:test";
import { CancelledError, ClosedError, Event, type ManyhandsError, StateError, type Task, WorkerStartError } from "manyhands";
import { forEachBackend, patience, waitUntil } from "./backends.js";

forEachBackend("Pool", ({ kind, Pool }) => {
  test("close() finishes what was submitted and takes no more; join() waits for the workers' end", async () => {
    const pool = new Pool(2);
    const tasks = Array.from({ length: 50 }, (_, index) => pool.apply((x: number) => x, [index]));
    pool.close();
    pool.close();
    await assert.rejects(
      pool.apply(() => 1),
      ClosedError,
    );
    await assert.rejects(
      pool.map((x: number) => x, [1]),
      /Cannot run .*: the pool is closed/,
    );
    assert.equal(await pool.join(), true);
    assert.ok(tasks.every((task) => task.successful === true));
    assert.equal(await pool.join(), true);
    assert.deepEqual(pool.workers, []);
  });

  test("close() waits for the input of a map() that was called before", async () => {
    const pool = new Pool(1);
    const mapped = pool.map(
      (x: number) => x,
      (async function* () {
        await new Promise((resolve) => setTimeout(resolve, 100));
        yield 7;
      })(),
    );
    pool.close();
    assert.equal(await pool.join(), true);
    assert.deepEqual(await mapped, [7]);
  });

  test("join() before close() or terminate() is refused; with a timeout it answers false", async () => {
    const pool = new Pool(1);
    await assert.rejects(pool.join(), StateError);
    const endless = pool.apply(() => {
      for (;;);
    });
    pool.close();
    assert.equal(await pool.join({ timeout: 20 }), false);
    assert.equal(await pool.join({ timeout: -1 }), false);
    await assert.rejects(pool.join({ signal: AbortSignal.abort(new RangeError("enough")) }), RangeError);
    assert.equal(endless.ready, false);
    pool.terminate();
    assert.equal(await pool.join(), true);
    await assert.rejects(endless, CancelledError);
  });

  test("terminate() settles everything at once, with 100,000 tasks waiting, and may be repeated", async () => {
    const pool = new Pool(2);
    const endless = (): never => {
      for (;;);
    };
    const tasks = Array.from({ length: 100_000 }, () => pool.apply(endless));
    const mapped = pool.map(endless, [1, 2, 3]);
    await waitUntil("the workers are busy", () => pool.workers.every((worker) => worker.state === "busy"));
    pool.terminate();
    pool.terminate();
    const settled = await Promise.allSettled([...tasks, mapped]);
    assert.ok(settled.every((result) => result.status === "rejected" && result.reason instanceof CancelledError));
    assert.equal(await pool.join(), true);
    await assert.rejects(
      pool.apply(() => 1),
      ClosedError,
    );
    pool.close();
  });

  test("terminate() of tasks nobody looks at is no unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): number => unhandled.push(reason);
    process.on("unhandledRejection", onUnhandled);
    const pool = new Pool(1);
    const wait = (): Promise<never> => new Promise(() => {});
    void pool.apply(wait);
    void pool.map(wait, [1, 2]);
    pool.apply(wait).cancel();
    pool.terminate();
    await pool.join();
    // Node tells of rejections at the end of the turn in which nobody has handled them.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", onUnhandled);
    assert.deepEqual(unhandled, []);
  });

  test("leaving the scope of `await using` finishes what was submitted", async () => {
    let task: Task<string> | undefined;
    {
      await using pool = new Pool(1);
      task = pool.apply(() => new Promise<string>((resolve) => setTimeout(resolve, 300, "finished")));
    }
    assert.equal(task.ready, true);
    assert.equal(await task, "finished");
  });

  test("a worker is replaced after maxTasksPerChild tasks, where a chunk counts as one", async () => {
    const workersOf = async (chunkSize: number): Promise<number> => {
      await using pool = new Pool(1, { maxTasksPerChild: 2 });
      const marks = await pool.map(
        () => {
          const own = globalThis as { mark?: number };
          own.mark ??= Math.random();
          return own.mark;
        },
        [1, 2, 3, 4, 5, 6],
        { chunkSize },
      );
      return new Set(marks).size;
    };
    assert.equal(await workersOf(1), 3);
    assert.equal(await workersOf(3), 1);
  });

  test("closing early completes everything, also when workers are replaced", async () => {
    const pool = new Pool(2, { maxTasksPerChild: 1 });
    const tasks = Array.from({ length: 20 }, (_, index) => pool.apply((x: number) => x, [index]));
    pool.close();
    assert.deepEqual(
      await Promise.all(tasks),
      Array.from({ length: 20 }, (_, index) => index),
    );
    await pool.join();
  });

  test("the initializer runs once in every worker, with its arguments, before any task", async () => {
    const initializer = (key: string, value: number): void => {
      const own = globalThis as Record<string, unknown>;
      own[key] = ((own[key] as number | undefined) ?? 0) + value;
    };
    await using pool = new Pool(2, { initializer, initargs: ["prepared", 7] });
    const values = await pool.map(() => (globalThis as Record<string, unknown>)["prepared"], Array.from({ length: 20 }), { chunkSize: 1 });
    assert.ok(values.every((value) => value === 7));
  });

  test("an initializer that fails rejects all tasks with its error, after a bounded number of starts", async () => {
    const pool = new Pool(2, {
      initializer: () => {
        throw new RangeError("no database");
      },
    });
    const tasks = [pool.apply(() => 1), pool.map((x: number) => x, [1, 2]), pool.imap((x: number) => x, [1]).next()];
    const reasons = (await Promise.allSettled(tasks)).map((result) =>
      result.status === "rejected" ? (result.reason as WorkerStartError) : undefined,
    );
    for (const reason of reasons) {
      assert.ok(reason instanceof WorkerStartError);
      assert.ok(reason.cause instanceof RangeError);
      assert.match(reason.cause.message, /no database/);
    }
    assert.equal(new Set(reasons).size, 3, "each task has an error of its own");
    await assert.rejects(
      pool.apply(() => 1),
      WorkerStartError,
    );
    assert.equal(await pool.join(), true);
  });

  test("an initializer that cannot be sent is refused by the constructor", () => {
    assert.throws(() => new Pool(1, { initializer: new Proxy(() => {}, {}) }), { code: "ERR_NOT_SHIPPABLE" });
  });

  test("a queued task goes to any idle worker: tasks may wait for one another", async () => {
    await using pool = new Pool(2);
    const isOver = new Event();
    const slow = pool.apply(() => isOver.wait(patience));
    const quick = await Promise.all(Array.from({ length: 100 }, (_, index) => pool.apply((x: number) => x, [index])));
    assert.equal(quick.length, 100);
    assert.equal(slow.ready, false, "one of the hundred waited behind the slow one");
    isOver.set();
    assert.equal(await slow, true);
  });

  test("a pool cannot be sent to a worker, and says so", async () => {
    await using pool = new Pool(1);
    await assert.rejects(
      pool.apply((value: unknown) => typeof value, [pool]),
      (error: ManyhandsError) => /ERR_NOT_SHIPPABLE|ERR_ENCODE/.test(error.code) && /Pool/.test(error.message),
    );
  });

  if (kind === "process") {
    test("flags that Node does not know fail the pool, instead of starting workers for ever", async () => {
      const pool = new Pool(2, { execArgv: ["--no-such-flag-of-node"], stdio: "ignore" });
      await assert.rejects(
        pool.apply(() => 1),
        WorkerStartError,
      );
      await pool.join();
    });

    test("env and name reach the workers", async () => {
      await using pool = new Pool(1, { env: { ...process.env, GREETING: "hello" }, name: "greeter" });
      assert.equal(await pool.apply(() => process.env["GREETING"]), "hello");
      assert.equal(pool.workers[0]?.name, "greeter-1");
    });
  }
});
