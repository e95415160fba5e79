import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "node:test";
import {
  CancelledError,
  EncodeError,
  Event,
  NotShippableError,
  type RemoteError,
  TimeoutError,
  WorkerDiedError,
  Pool as ProcessPool,
} from "manyhands";
import { childPids, forEachBackend, patience, waitUntil } from "./backends.js";

forEachBackend("Pool.apply", ({ kind, Pool }) => {
  test("apply() runs the function elsewhere and gives its result", async () => {
    await using pool = new Pool(2);
    assert.equal(await pool.apply((a: number, b: number) => a + b, [1, 2]), 3);
    assert.equal(await pool.apply(async () => "asynchronous"), "asynchronous");
    assert.equal(await pool.apply(() => undefined), undefined);
    if (kind === "process") assert.notEqual(await pool.apply(() => process.pid), process.pid);
  });

  test("apply() rejects with the error that was thrown: class, message, own properties, cause and remote stack", async () => {
    await using pool = new Pool(1);
    const failing = pool.apply(() => {
      throw Object.assign(new RangeError("too far", { cause: new TypeError("why") }), { distance: 7 });
    });
    await assert.rejects(failing, (error: RangeError & { distance: number }) => {
      assert.ok(error instanceof RangeError);
      assert.equal(error.message, "too far");
      assert.equal(error.distance, 7);
      assert.ok(error.cause instanceof TypeError);
      assert.match(String(error.stack), /PoolWorker-1/);
      return true;
    });
    assert.equal(failing.successful, false);
  });

  test("an error whose class cannot be rebuilt still arrives, with name, message and stack, and breaks nothing", async () => {
    await using pool = new Pool(1);
    const failing = pool.apply(() => {
      class QuotaError extends Error {
        readonly used: number;
        constructor(used: number, limit: number) {
          if (limit === undefined) throw new Error("needs two arguments");
          super(`${used} of ${limit}`);
          this.name = "QuotaError";
          this.used = used;
        }
      }
      throw new QuotaError(3, 2);
    });
    await assert.rejects(failing, (error: RemoteError & { used: number }) => {
      assert.equal(error.message, "3 of 2");
      assert.match(`${error.name} ${error.remoteName}`, /QuotaError/);
      assert.equal(error.used, 3);
      assert.match(String(error.stack), /3 of 2/);
      return true;
    });
    assert.equal(await pool.apply((x: number) => x * x, [5]), 25);
  });

  test("what is thrown need not be an error", async () => {
    await using pool = new Pool(1);
    await assert.rejects(
      pool.apply(() => {
        // oxlint-disable-next-line typescript/only-throw-error -- this is what the test is about
        throw "a string";
      }),
      (thrown) => thrown === "a string",
    );
  });

  test("a worker that exits rejects only the task it ran, with the exit code, and is replaced", async () => {
    await using pool = new Pool(2);
    const slow = pool.apply(() => new Promise<string>((resolve) => setTimeout(resolve, 300, "slow")));
    const exiting = pool.apply(function leave() {
      process.exit(99);
    });
    const queued = pool.apply((x: number) => x * x, [5]);
    await assert.rejects(exiting, (error: WorkerDiedError) => {
      assert.ok(error instanceof WorkerDiedError);
      assert.equal(error.exitCode, 99);
      assert.equal(error.signal, undefined);
      assert.equal(error.task, "leave(#2)");
      assert.match(error.message, /exited with code 99 while it ran leave\(#2\)/);
      return true;
    });
    assert.equal(await slow, "slow");
    assert.equal(await queued, 25);
  });

  test("a result that cannot be sent rejects its task; twenty in a row leave the same worker alive", async () => {
    await using pool = new Pool(1);
    const [worker] = pool.workers;
    for (let count = 0; count < 20; count += 1) {
      await assert.rejects(
        pool.apply(() => new WeakMap() as unknown),
        (error: EncodeError) => /result|WeakMap/.test(error.message),
      );
    }
    assert.equal(await pool.apply(() => 7), 7);
    assert.equal(pool.workers[0]?.name, worker?.name);
  });

  test("an argument or a function that cannot be sent rejects at once, names what it is, and starts nothing", async () => {
    await using pool = new Pool(1);
    await assert.rejects(
      pool.apply((value: unknown) => value, [{ list: [new WeakMap()] }]),
      (error: EncodeError) => {
        assert.ok(error instanceof EncodeError);
        assert.match(error.message, /args\[0\]\.list\[0\]/);
        return true;
      },
    );
    await assert.rejects(pool.apply(new Proxy(() => 1, {})), NotShippableError);
    assert.equal(pool.pending, 0);
  });

  test("arguments are copied at the call", async () => {
    await using pool = new Pool(1);
    const list = [1, 2];
    const task = pool.apply((values: number[]) => values.length, [list]);
    list.push(3);
    assert.equal(await task, 2);
  });

  test("a timeout counts from the start of the task, and costs no other task", async () => {
    await using pool = new Pool(1);
    const busy = pool.apply((ms: number) => new Promise<string>((resolve) => setTimeout(resolve, ms, "done")), [2500]);
    const waitsLonger = pool.apply(() => "quick", [], { timeout: 2000 });
    assert.equal(await busy, "done");
    assert.equal(await waitsLonger, "quick");
    const endless = pool.apply(
      () => {
        for (;;);
      },
      [],
      { timeout: 50 },
    );
    const next = pool.apply(() => "next");
    await assert.rejects(endless, (error: TimeoutError) => error instanceof TimeoutError && error.timeout === 50);
    assert.equal(await next, "next");
  });

  test("cancel() keeps a waiting task from starting, and stops a running one with its worker", async () => {
    await using pool = new Pool(1);
    const endless = pool.apply(() => {
      for (;;);
    });
    const waiting = pool.apply(() => "never");
    const other = pool.apply(() => "other");
    await waitUntil("the endless task runs", () => pool.workers[0]?.state === "busy");
    assert.equal(waiting.cancel(), true);
    await assert.rejects(waiting, CancelledError);
    assert.equal(endless.cancel(), true);
    assert.equal(endless.cancel(), false);
    await assert.rejects(endless, CancelledError);
    assert.equal(await other, "other");
  });

  test("a signal rejects with its reason: the waiting task is dropped, the running one stopped, its neighbours are unharmed", async () => {
    await using pool = new Pool(2);
    const controller = new AbortController();
    const { signal } = controller;
    const running = pool.apply(
      () => {
        for (;;);
      },
      [],
      { signal },
    );
    const isOver = new Event();
    const neighbour = pool.apply(async () => ((await isOver.wait(patience)) ? "unharmed" : "forgotten"));
    const waiting = pool.apply(() => "never", [], { signal });
    await waitUntil("both workers are busy", () => pool.workers.every((worker) => worker.state === "busy"));
    controller.abort(new RangeError("enough"));
    await assert.rejects(running, RangeError);
    await assert.rejects(waiting, RangeError);
    isOver.set();
    assert.equal(await neighbour, "unharmed");
    await assert.rejects(
      pool.apply(() => 1, [], { signal }),
      RangeError,
    );
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });

  test("ten thousand tasks on one signal cost one listener, and none afterwards", async () => {
    await using pool = new Pool(2);
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on("warning", onWarning);
    const { signal } = new AbortController();
    // One function for all: to look at ten thousand would take longest.
    const same = (x: number): number => x;
    const tasks = Array.from({ length: 10_000 }, (_, index) => pool.apply(same, [index], { signal }));
    assert.equal(getEventListeners(signal, "abort").length, 1);
    const results = await Promise.all(tasks);
    assert.equal(results[9_999], 9_999);
    assert.equal(getEventListeners(signal, "abort").length, 0);
    process.off("warning", onWarning);
    assert.deepEqual(warnings, []);
  });

  test("timers a task left running go on between tasks", async () => {
    await using pool = new Pool(1);
    await pool.apply(() => {
      const counter = globalThis as { ticks?: number };
      counter.ticks = 0;
      setInterval(() => {
        counter.ticks = (counter.ticks ?? 0) + 1;
      }, 5);
    });
    // A task that only reads leaves the interval no time: what is counted, is counted between tasks.
    const ticks = async (): Promise<number> => (await pool.apply(() => (globalThis as { ticks?: number }).ticks)) ?? 0;
    let before = await ticks();
    for (let wait = 0; wait < 2; wait += 1) {
      let now = before;
      while (now === before) now = await ticks();
      before = now;
    }
  });

  test("wrong arguments reject with TypeError or RangeError", async () => {
    await using pool = new Pool(1);
    await assert.rejects(pool.apply("Math.max" as unknown as () => number), /the function to call must be a function; it is "Math.max"/);
    await assert.rejects(
      pool.apply(() => 1, 5 as unknown as []),
      /the arguments must be an array/,
    );
    await assert.rejects(
      pool.apply(() => 1, [], { timeout: 0 }),
      RangeError,
    );
    assert.throws(() => new Pool(0), RangeError);
    assert.throws(() => new Pool(1.5), TypeError);
    assert.throws(() => new Pool(1, { maxTasksPerChild: 0 }), RangeError);
  });

  if (kind === "process") {
    test("a worker that is killed rejects only the task it ran, with signal, pid and task", async () => {
      await using pool = new Pool(1);
      const killed = pool.apply(function suicide() {
        process.kill(process.pid, "SIGKILL");
        for (;;);
      });
      const next = pool.apply((x: number) => x * x, [5]);
      await assert.rejects(killed, (error: WorkerDiedError) => {
        assert.equal(error.exitCode, -9);
        assert.equal(error.signal, "SIGKILL");
        assert.equal(error.task, "suicide(#1)");
        assert.equal(typeof error.pid, "number");
        assert.match(error.message, /signal 9/);
        return true;
      });
      assert.equal(await next, 25);
    });

    test("a worker that aborts rejects only the task it ran", async () => {
      await using pool = new Pool(2, { stdio: "ignore" });
      const aborting = pool.apply(() => process.abort());
      const rest = Array.from({ length: 20 }, (_, index) => pool.apply((x: number) => x * x, [index]));
      await assert.rejects(aborting, (error: WorkerDiedError) => error.signal === "SIGABRT" && error.exitCode === -6);
      assert.equal((await Promise.all(rest)).length, 20);
    });

    test("one killed task among a thousand: 999 results, one error", async () => {
      await using pool = new Pool(2);
      const dieAt500 = (x: number): number => {
        if (x === 500) process.kill(process.pid, "SIGKILL");
        return x;
      };
      const tasks = Array.from({ length: 1000 }, (_, index) => pool.apply(dieAt500, [index]));
      const settled = await Promise.allSettled(tasks);
      const failures = settled.filter((result) => result.status === "rejected");
      assert.equal(failures.length, 1);
      const [failure] = failures;
      assert.ok(failure?.reason instanceof WorkerDiedError && failure.reason.signal === "SIGKILL");
      assert.equal(settled[999]?.status, "fulfilled");
    });

    test("a worker killed while idle is replaced, and no task is lost, not even one that is handed to it in the same instant", async () => {
      await using pool = new Pool(2);
      await Promise.all([pool.apply(() => 1), pool.apply(() => 2)]);
      for (let round = 0; round < 10; round += 1) {
        await waitUntil(
          "both workers are idle",
          () => pool.workers.length === 2 && pool.workers.every((worker) => worker.state === "idle"),
        );
        const victims = pool.workers.map((worker) => worker.pid ?? assert.fail("a process has a pid"));
        for (const victim of victims) process.kill(victim, "SIGKILL");
        assert.deepEqual(await Promise.all([pool.apply(() => 1), pool.apply(() => 2), pool.apply(() => 3)]), [1, 2, 3]);
        await waitUntil("the victims are gone", () => !victims.some((victim) => childPids().includes(victim)));
      }
    });
  }

  test("a worker that runs out of memory rejects only the task it ran", async () => {
    await using pool = new Pool(1, { stdio: "ignore", resourceLimits: { maxOldGenerationSizeMb: 32 } });
    const hoarding = pool.apply(() => {
      const hoard: unknown[] = [];
      for (;;) hoard.push(Array.from({ length: 1000 }, (_, index) => ({ index })));
    });
    await assert.rejects(hoarding, (error: WorkerDiedError) => error instanceof WorkerDiedError && error.task?.includes("(#1)") === true);
    assert.equal(await pool.apply(() => "alive"), "alive");
  });
});

test("a result whose module cannot be imported here fails its own task, and nothing else", async () => {
  const folder = mkdtempSync(join(tmpdir(), "results-"));
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): number => unhandled.push(reason);
  process.on("unhandledRejection", onUnhandled);
  try {
    const file = join(folder, "elsewhere.mjs");
    writeFileSync(file, `if (process.pid === ${process.pid}) throw new RangeError("not here");\nexport const double = (x) => 2 * x;\n`);
    await using pool = new ProcessPool(1);
    const bring = async (path: string): Promise<unknown> => ((await import(path)) as { double: unknown }).double;
    await assert.rejects(pool.apply(bring, [pathToFileURL(file).href]), /not here/);
    assert.equal(await pool.apply((x: number) => x + 1, [1]), 2);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(unhandled, []);
  } finally {
    process.off("unhandledRejection", onUnhandled);
    rmSync(folder, { recursive: true });
  }
});
