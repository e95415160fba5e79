import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as eventLoopTurn } from "node:timers/promises";
import { CancelledError, ClosedError, EncodeError, NotShippableError, TimeoutError, WorkerDiedError } from "manyhands";
import { forEachBackend, waitUntil } from "./backends.js";

/** 0, 1, 2, … without end; records how far it was read, and whether it was closed. */
class Naturals {
  pulled = 0;
  isClosed = false;

  *[Symbol.iterator](): Generator<number> {
    try {
      for (;;) {
        this.pulled += 1;
        yield this.pulled - 1;
      }
    } finally {
      this.isClosed = true;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    try {
      for (;;) {
        await eventLoopTurn();
        this.pulled += 1;
        yield this.pulled - 1;
      }
    } finally {
      this.isClosed = true;
    }
  }
}

const failAtThree = (x: number): number => {
  if (x === 3) throw new RangeError(`bad ${x}`);
  return x;
};

forEachBackend("Pool.imap", ({ Pool }) => {
  test("imap() gives results in order, imapUnordered() all of them", async () => {
    await using pool = new Pool(2);
    const items = Array.from({ length: 200 }, (_, index) => index);
    for (const chunkSize of [1, 7, 500]) {
      const ordered: number[] = [];
      for await (const value of pool.imap((x: number) => x * 2, items, { chunkSize })) ordered.push(value);
      assert.deepEqual(
        ordered,
        items.map((x) => x * 2),
      );
      const unordered: number[] = [];
      for await (const value of pool.imapUnordered((x: number) => x * 2, items, { chunkSize })) unordered.push(value);
      assert.deepEqual(
        unordered.toSorted((a, b) => a - b),
        ordered,
      );
    }
  });

  test("imap() reads an endless input only as far ahead as it may, sync or async, and closes it when it is left", async () => {
    await using pool = new Pool(2);
    for (const isAsync of [false, true]) {
      const input = new Naturals();
      const source: Iterable<number> | AsyncIterable<number> = isAsync
        ? { [Symbol.asyncIterator]: () => input[Symbol.asyncIterator]() }
        : { [Symbol.iterator]: () => input[Symbol.iterator]() };
      const seen: number[] = [];
      for await (const value of pool.imap((x: number) => x, source, { readAhead: 5 })) {
        seen.push(value);
        assert.ok(input.pulled <= seen.length + 5);
        if (value === 20) break;
      }
      assert.equal(seen.length, 21);
      await waitUntil("the input is closed", () => input.isClosed);
    }
  });

  test("an item that fails rejects on its turn, and iteration goes on with the next; also within a chunk", async () => {
    await using pool = new Pool(2);
    for (const chunkSize of [1, 2, 10]) {
      const results = pool.imap(failAtThree, [0, 1, 2, 3, 4, 5], { chunkSize });
      const seen: unknown[] = [];
      for (;;) {
        const next = await results.next().catch((error: unknown) => error);
        if (next instanceof Error) {
          seen.push(next.message);
          continue;
        }
        const { value, done } = next as IteratorResult<number, undefined>;
        if (done === true) break;
        seen.push(value);
      }
      assert.deepEqual(seen, [0, 1, 2, "bad 3", 4, 5]);
    }
  });

  test("a loop that ends at an error does not keep the pool waiting", async () => {
    const input = new Naturals();
    {
      await using pool = new Pool(2);
      await assert.rejects(async () => {
        for await (const value of pool.imap(failAtThree, input[Symbol.iterator]())) assert.ok(value < 3);
      }, RangeError);
    }
    assert.ok(input.pulled < 100);
  });

  test("outcomes() goes on past failures, with index and input", async () => {
    await using pool = new Pool(2);
    const outcomes = [];
    for await (const outcome of pool.imap(failAtThree, [5, 3, 4], { chunkSize: 2 }).outcomes()) outcomes.push(outcome);
    assert.deepEqual(
      outcomes.map(({ status, index, input }) => [status, index, input]),
      [
        ["fulfilled", 0, 5],
        ["rejected", 1, 3],
        ["fulfilled", 2, 4],
      ],
    );
  });

  test("the error of the input comes after the results of the items before it", async () => {
    await using pool = new Pool(2);
    for (const chunkSize of [1, 4]) {
      const results = pool.imap(
        (x: number) => x,
        (function* () {
          yield* [0, 1, 2, 3, 4, 5];
          throw new RangeError("input");
        })(),
        { chunkSize },
      );
      const seen: number[] = [];
      await assert.rejects(async () => {
        for await (const value of results) seen.push(value);
      }, RangeError);
      assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
      assert.deepEqual(await results.next(), { value: undefined, done: true });
    }
  });

  test("a worker that dies fails each item of its chunk, and the others arrive", async () => {
    await using pool = new Pool(2);
    const statuses: string[] = [];
    const leaveAtThree = (x: number): number => (x === 3 ? process.exit(9) : x);
    for await (const outcome of pool.imap(leaveAtThree, [0, 1, 2, 3, 4, 5], { chunkSize: 2 }).outcomes()) {
      statuses.push(outcome.status);
      if (outcome.status === "rejected") assert.ok(outcome.reason instanceof WorkerDiedError);
    }
    assert.deepEqual(statuses, ["fulfilled", "fulfilled", "rejected", "rejected", "fulfilled", "fulfilled"]);
  });

  test("an item that cannot be sent fails alone", async () => {
    await using pool = new Pool(1);
    const statuses: string[] = [];
    for await (const outcome of pool.imap((x: unknown) => typeof x, [1, new WeakMap(), 3], { chunkSize: 3 }).outcomes()) {
      statuses.push(outcome.status);
      if (outcome.status === "rejected") assert.ok(outcome.reason instanceof EncodeError);
    }
    assert.deepEqual(statuses, ["fulfilled", "rejected", "fulfilled"]);
  });

  test("an item that takes too long is stopped; those before and after it arrive", async () => {
    await using pool = new Pool(1);
    const results = pool.imap((x: number) => new Promise<number>((resolve) => setTimeout(resolve, x, x)), [0, 1, 60_000], {
      timeout: 1500,
    });
    assert.deepEqual(await results.next(), { value: 0, done: false });
    assert.deepEqual(await results.next(), { value: 1, done: false });
    await assert.rejects(results.next(), TimeoutError);
    assert.deepEqual(await results.next(), { value: undefined, done: true });
    assert.equal(await pool.apply(() => "goes on"), "goes on");
  });

  test("next({ timeout }) loses no result", async () => {
    await using pool = new Pool(1);
    const results = pool.imap((x: number) => new Promise<number>((resolve) => setTimeout(resolve, 300, x)), [1]);
    await assert.rejects(results.next({ timeout: 0 }), TimeoutError);
    await assert.rejects(results.next({ timeout: -1 }), TimeoutError);
    assert.deepEqual(await results.next(), { value: 1, done: false });
  });

  test("an imap() that is under way survives close(), and ends with terminate()", async () => {
    const closing = new Pool(2);
    const results = closing.imap((x: number) => x, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], { readAhead: 2 });
    closing.close();
    const seen: number[] = [];
    for await (const value of results) seen.push(value);
    assert.equal(seen.length, 10);
    await closing.join();

    const input = new Naturals();
    const terminating = new Pool(2);
    const endless = terminating.imap((x: number) => x, input[Symbol.iterator]());
    await endless.next();
    terminating.terminate();
    await assert.rejects(endless.next(), CancelledError);
    assert.deepEqual(await endless.next(), { value: undefined, done: true });
    assert.equal(input.isClosed, true);
    await terminating.join();
  });

  test("a signal ends the iteration with its reason, and closes the input", async () => {
    await using pool = new Pool(2);
    const input = new Naturals();
    const controller = new AbortController();
    const results = pool.imap((x: number) => x, input[Symbol.iterator](), { signal: controller.signal });
    await results.next();
    controller.abort(new RangeError("enough"));
    await assert.rejects(results.next(), RangeError);
    assert.deepEqual(await results.next(), { value: undefined, done: true });
    assert.equal(input.isClosed, true);
  });

  test("wrong options throw at the call; a closed pool and a function that cannot be sent reject at the first next()", async () => {
    const pool = new Pool(1);
    assert.throws(() => pool.imap((x: number) => x, [1], { chunkSize: 0 }), RangeError);
    assert.throws(() => pool.imap((x: number) => x, 5 as unknown as number[]), TypeError);
    assert.throws(() => pool.imap("f" as unknown as (x: number) => number, [1]), TypeError);
    const unsendable = pool.imap(Reflect.get({ f: new Proxy(() => 1, {}) }, "f") as (x: number) => number, [1]);
    await assert.rejects(unsendable.next(), NotShippableError);
    pool.close();
    await assert.rejects(pool.imap((x: number) => x, [1]).next(), ClosedError);
    await pool.join();
  });
});
