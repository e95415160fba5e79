/** Queues between processes, and between threads. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { session } from "#lib/memory/session.js";
import { ClosedError, EmptyError, JoinableQueue, Lock, Queue, StateError, wait } from "manyhands";
import { until } from "../../processes/until.js";
import { forEachBackend, patience } from "../sync/backends.js";

forEachBackend("queues", ({ start }) => {
  test("items that one put before another arrive before the other's", async () => {
    const queue = new Queue<number>();
    for (let item = 0; item < 10; item++) await queue.put(item);
    const producer = start(
      async (target: Queue<number>) => {
        for (let item = 10; item < 20; item++) await target.put(item);
      },
      [queue],
    );
    assert.equal(await producer.join(), 0);
    for (let item = 0; item < 20; item++) assert.equal(queue.tryGet(), item);
    assert.throws(() => queue.tryGet(), EmptyError);
  });

  test("a producer of 64 MB ends before anybody takes, nothing is lost, and the memory is given back", async () => {
    const extents = (): number => readdirSync(session().folder).filter((name) => /^segment-\d+\./.test(name)).length;
    const queue = new Queue<string | Uint8Array>();
    const before = extents();
    const text = "0123456789".repeat(200);
    const producer = start(
      (target: Queue<string | Uint8Array>, line: string) => {
        target.putSync("x".repeat(1_000_000));
        for (let index = 0; index < 16_000; index++) target.putSync(`${index} ${line}`);
        for (let index = 0; index < 4; index++) target.putSync(new Uint8Array(8_000_000).fill(index));
      },
      [queue, text],
    );
    assert.equal(await producer.join(), 0);
    assert.equal(queue.size, 16_005);
    assert.equal((await queue.get()).length, 1_000_000);
    for (let index = 0; index < 16_000; index++) assert.equal(await queue.get(), `${index} ${text}`);
    for (let index = 0; index < 4; index++) assert.deepEqual(await queue.get(), new Uint8Array(8_000_000).fill(index));
    // The chunk in use, and the few that are kept for the next time.
    assert.ok(extents() <= before + 5, `${extents()} extents, ${before} before`);
  });

  test("100 queues carry at once, and wait() finds those that have something", async () => {
    const pairs = Array.from({ length: 50 }, () => ({ there: new Queue<number>(), back: new Queue<number>() }));
    const child = start(
      async (served: typeof pairs) => {
        await Promise.all(served.map(async ({ there, back }) => back.put((await there.get()) * 2)));
      },
      [pairs],
    );
    await Promise.all(pairs.map(({ there }, index) => there.put(index)));
    const expected = new Map(pairs.map(({ back }, index) => [back, index * 2]));
    while (expected.size > 0) {
      const ready = await wait(expected.keys(), patience);
      assert.ok(ready.length > 0);
      for (const queue of ready) {
        assert.equal(await queue.get(), expected.get(queue));
        expected.delete(queue);
      }
    }
    assert.equal(await child.join(), 0);
  });

  test("two that send large items to each other at once both go on", async () => {
    const [there, back] = [new Queue<Uint8Array>(), new Queue<Uint8Array>()];
    const exchange = async (into: Queue<Uint8Array>, from: Queue<Uint8Array>) => {
      let sum = 0;
      for (let round = 0; round < 8; round++) {
        await into.put(new Uint8Array(4_000_000).fill(round));
        sum += (await from.get())[3_999_999]!;
      }
      return sum;
    };
    const peers = [start(exchange, [there, back]), start(exchange, [back, there])];
    for (const peer of peers) assert.equal(await peer.result(), 28);
  });

  test("a bounded queue is never over its size, and several producers and consumers lose and double nothing", async () => {
    const queue = new Queue<number>({ maxSize: 3 });
    const results = new Queue<number[]>();
    const producers = [0, 1, 2].map((own) =>
      start(
        async (target: Queue<number>, first: number) => {
          for (let index = 0; index < 500; index++) {
            const item = first * 1_000 + index;
            if (index % 2 === 0) await target.put(item);
            else target.putSync(item);
          }
        },
        [queue, own],
      ),
    );
    const consumers = [0, 1, 2].map((own) =>
      start(
        async (from: Queue<number>, into: Queue<number[]>, isBlocking: boolean) => {
          const seen: number[] = [];
          for (;;) {
            if (from.size > 3) throw new Error("too many items");
            const item = isBlocking ? from.getSync() : await from.get();
            if (item < 0) break;
            seen.push(item);
          }
          await into.put(seen);
        },
        [queue, results, own === 0],
      ),
    );
    for (const producer of producers) assert.equal(await producer.join(), 0);
    for (let index = 0; index < 3; index++) await queue.put(-1);
    const all = [await results.get(patience), await results.get(patience), await results.get(patience)];
    for (const consumer of consumers) assert.equal(await consumer.join(), 0);
    for (const seen of all) {
      for (let own = 0; own < 3; own++) {
        const ofOne = seen.filter((item) => Math.floor(item / 1_000) === own);
        assert.deepEqual(
          ofOne,
          [...ofOne].sort((a, b) => a - b),
          "in the order of each producer",
        );
      }
    }
    const expected = [0, 1, 2].flatMap((own) => Array.from({ length: 500 }, (_, index) => own * 1_000 + index));
    assert.deepEqual(
      all.flat().sort((a, b) => a - b),
      expected,
    );
  });

  test("a queue travels through a queue, captured, and back, with locks and functions", async () => {
    const requests = new Queue<{ reply: Queue; lock: Lock; act: (x: number) => number }>();
    const worker = start(async () => {
      const { reply, lock, act } = await requests.get();
      await reply.put({ result: act(20), isLocked: lock.locked, reply });
    }, []);
    const reply = new Queue();
    const lock = new Lock();
    using held = await lock.acquire();
    const two = 2;
    await requests.put({ reply, lock, act: (x) => x * two + 2 });
    assert.deepEqual(await reply.get(patience), { result: 42, isLocked: held.isHeld, reply });
    assert.equal(await worker.join(), 0);
  });

  test("what a process that has ended left on a queue that it made itself arrives with the queue", async () => {
    const maker = start(async () => {
      const made = new Queue<string>();
      await made.put("first");
      await made.put("x".repeat(100_000));
      return made;
    }, []);
    const made = await maker.result();
    assert.equal(await maker.join(), 0);
    assert.equal(await made.get(), "first");
    assert.equal((await made.get()).length, 100_000);
  });

  test("shutdown() wakes consumers and producers that wait, blocking or not", async () => {
    const empty = new Queue<number>();
    const full = new Queue<number>({ maxSize: 1 });
    await full.put(1);
    const waiting = new Queue<string>();
    const wait = async (act: string, queues: { empty: Queue<number>; full: Queue<number>; waiting: Queue<string> }) => {
      await queues.waiting.put(act);
      try {
        if (act === "get") await queues.empty.get();
        else if (act === "getSync") queues.empty.getSync();
        else if (act === "put") await queues.full.put(2);
        else queues.full.putSync(2);
        return "went on";
      } catch (error) {
        return error instanceof Error ? error.name : "no error";
      }
    };
    const acts = ["get", "getSync", "put", "putSync"];
    const workers = acts.map((act) => start(wait, [act, { empty, full, waiting }]));
    for (let index = 0; index < acts.length; index++) await waiting.get(patience);
    empty.shutdown();
    full.shutdown();
    for (const worker of workers) assert.equal(await worker.result(), ClosedError.prototype.name);
  });

  test("join() of a queue resolves when 4 consumers have done 10 items, and an 11th taskDone() is refused", async () => {
    const queue = new JoinableQueue<number>();
    const done = new Queue<number>();
    const consumers = Array.from({ length: 4 }, () =>
      start(
        async (from: JoinableQueue<number>, into: Queue<number>) => {
          for (;;) {
            const item = await from.get();
            if (item < 0) break;
            await into.put(item);
            from.taskDone();
          }
          from.taskDone();
        },
        [queue, done],
      ),
    );
    for (let item = 0; item < 10; item++) await queue.put(item);
    assert.equal(await queue.join(patience), true);
    assert.equal(done.size, 10);
    assert.throws(() => queue.taskDone(), StateError);
    for (let index = 0; index < 4; index++) await queue.put(-1);
    assert.equal(await queue.join(patience), true);
    for (const consumer of consumers) assert.equal(await consumer.join(), 0);
  });

  test("join() does not wait for what consumers had taken when they ended", async () => {
    const queue = new JoinableQueue<string>();
    for (const item of ["taken", "x".repeat(100_000), "done"]) await queue.put(item);
    const consumer = start(
      async (from: JoinableQueue<string>) => {
        await from.get();
        await from.get();
      },
      [queue],
    );
    assert.equal(await consumer.join(), 0);
    assert.equal(await queue.join({ timeout: 100 }), false);
    await queue.get();
    queue.taskDone();
    assert.equal(await queue.join(patience), true);
    assert.throws(() => queue.taskDone(), StateError);
  });

  test("a queue that waits keeps the program alive, and one that does not lets it end", async () => {
    const queue = new Queue<string>();
    const worker = start(
      async (from: Queue<string>) => {
        const idle = new Queue();
        await idle.put(1);
        return from.get();
      },
      [queue],
    );
    await until(() => worker.isAlive, "the worker runs");
    await queue.put("late");
    assert.equal(await worker.result(), "late");
    assert.equal(await worker.join(), 0);
  });
});
