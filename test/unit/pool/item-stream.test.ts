import assert from "node:assert/strict";
import { setImmediate as eventLoopTurn } from "node:timers/promises";
import { test } from "node:test";
import { ItemSource } from "#lib/pool/item-source.js";
import { type ChunkRunner, ItemStream } from "#lib/pool/item-stream.js";
import { type ChunkResult, lostChunk, type Outcome } from "#lib/pool/outcome.js";
import * as fc from "fast-check";

/** Runs chunks when told to, in whatever order: what a pool does, without workers. */
class HandRunner implements ChunkRunner<number> {
  readonly handed: { items: readonly number[]; onResult: (result: ChunkResult) => void; isTaken: boolean }[] = [];
  isEntered = false;
  isClosed = false;
  recalled = 0;
  withdrawn = 0;

  submit(items: readonly number[], onResult: (result: ChunkResult) => void): { recall(): void; withdraw(): void } {
    for (const item of items) if (Number.isNaN(item)) throw new TypeError(`cannot send ${item}`);
    this.handed.push({ items, onResult, isTaken: false });
    return { recall: () => void (this.recalled += 1), withdraw: () => void (this.withdrawn += 1) };
  }

  enter(): boolean {
    this.isEntered = !this.isClosed;
    return this.isEntered;
  }

  leave(): void {
    this.isEntered = false;
  }

  /** Finishes the chunk handed out as number `index`: odd items fail when told so. */
  finish(index: number, failing: (item: number) => boolean = () => false): void {
    const chunk = this.handed[index];
    assert.ok(chunk !== undefined && !chunk.isTaken);
    chunk.isTaken = true;
    const failures = chunk.items.flatMap((item, at) => (failing(item) ? [{ index: at, error: new Error(`item ${item}`) }] : []));
    chunk.onResult({ values: chunk.items.filter((item) => !failing(item)).map((item) => item * 10), failures });
  }

  lose(index: number, error: Error): void {
    const chunk = this.handed[index];
    assert.ok(chunk !== undefined);
    chunk.onResult(lostChunk(chunk.items.length, error));
  }
}

interface Settings {
  readonly chunkSize?: number;
  readonly readAhead?: number;
  readonly isOrdered?: boolean;
}

function open(
  input: Iterable<number> | AsyncIterable<number>,
  settings: Settings = {},
): { stream: ItemStream<number, number>; runner: HandRunner } {
  const runner = new HandRunner();
  const { chunkSize = 1, readAhead = 4, isOrdered = true } = settings;
  const stream = new ItemStream<number, number>({ source: new ItemSource(input), runner, chunkSize, readAhead, isOrdered });
  stream.start(() => {});
  return { stream, runner };
}

function valueOf(outcome: Outcome<number, number> | undefined): unknown {
  return outcome?.status === "fulfilled" ? outcome.value : outcome?.reason;
}

function* naturals(onPull: (value: number) => void = () => {}): Generator<number> {
  for (let value = 0; ; value += 1) {
    onPull(value);
    yield value;
  }
}

test("ItemStream takes no more items from an endless input than the window allows", async () => {
  let pulled = 0;
  const { stream, runner } = open(
    naturals(() => (pulled += 1)),
    { readAhead: 5 },
  );
  assert.equal(pulled, 5);
  runner.finish(0);
  await stream.next();
  assert.equal(pulled, 6);
  runner.finish(1);
  runner.finish(2);
  assert.equal(pulled, 6, "results that nobody took make no room");
});

test("ItemStream pulls whole chunks only, so that the window does not cut them short", () => {
  const { runner } = open(naturals(), { chunkSize: 3, readAhead: 7 });
  assert.deepEqual(
    runner.handed.map((chunk) => chunk.items),
    [
      [0, 1, 2],
      [3, 4, 5],
    ],
  );
});

test("ItemStream delivers in the order of the input when ordered, and in the order of arrival when not", async () => {
  const ordered = open([1, 2, 3]);
  const unordered = open([1, 2, 3], { isOrdered: false });
  for (const { runner } of [ordered, unordered]) for (const index of [2, 0, 1]) runner.finish(index);
  const take = async (stream: ItemStream<number, number>): Promise<unknown[]> => [
    valueOf(await stream.next()),
    valueOf(await stream.next()),
    valueOf(await stream.next()),
  ];
  assert.deepEqual(await take(ordered.stream), [10, 20, 30]);
  assert.deepEqual(await take(unordered.stream), [30, 10, 20]);
  assert.equal(await ordered.stream.next(), undefined);
  assert.equal(await ordered.stream.next(), undefined);
});

test("ItemStream deals every outcome once, with its index and input, for any chunk size, order of arrival and failures", async () => {
  const setting = fc.record({
    length: fc.nat(40),
    chunkSize: fc.integer({ min: 1, max: 7 }),
    readAhead: fc.integer({ min: 1, max: 20 }),
    isOrdered: fc.boolean(),
    isAsync: fc.boolean(),
    picks: fc.infiniteStream(fc.nat(100)),
  });
  await fc.assert(
    fc.asyncProperty(setting, async ({ length, chunkSize, readAhead, isOrdered, isAsync, picks }) => {
      const inputs = Array.from({ length }, (_, index) => index * 3);
      const input = isAsync
        ? (async function* () {
            yield* inputs;
          })()
        : inputs;
      const { stream, runner } = open(input, { chunkSize, readAhead, isOrdered });
      const outcomes: Outcome<number, number>[] = [];
      for (;;) {
        const next = stream.next();
        const settled = { yet: false };
        void next.then(() => (settled.yet = true));
        while (!settled.yet) {
          await eventLoopTurn();
          const untaken = runner.handed.flatMap((chunk, index) => (chunk.isTaken ? [] : [index]));
          const pick = untaken[(picks.next().value ?? 0) % Math.max(untaken.length, 1)];
          if (!settled.yet && pick !== undefined) runner.finish(pick, (item) => item % 2 === 1);
        }
        const outcome = await next;
        if (outcome === undefined) break;
        outcomes.push(outcome);
      }
      if (isOrdered)
        assert.deepEqual(
          outcomes.map(({ index }) => index),
          [...inputs.keys()],
        );
      const sorted = outcomes.toSorted((a, b) => a.index - b.index);
      assert.deepEqual(
        sorted.map(({ index, input: item }) => [index, item]),
        [...inputs.entries()],
      );
      for (const outcome of sorted) {
        if (outcome.input % 2 === 0) assert.equal(valueOf(outcome), outcome.input * 10);
        else assert.equal((valueOf(outcome) as Error).message, `item ${outcome.input}`);
      }
    }),
    { numRuns: 60 },
  );
});

test("the error of the input comes after the outcomes of the items before it, once, and then the end", async () => {
  const { stream, runner } = open(
    (function* () {
      yield 1;
      yield 2;
      throw new RangeError("input broke");
    })(),
    { chunkSize: 4 },
  );
  assert.deepEqual(
    runner.handed.map((chunk) => chunk.items),
    [[1, 2]],
  );
  runner.finish(0);
  assert.equal(valueOf(await stream.next()), 10);
  assert.equal(valueOf(await stream.next()), 20);
  await assert.rejects(stream.next(), /input broke/);
  assert.equal(await stream.next(), undefined);
});

test("a lost chunk loses each of its items, and the stream goes on", async () => {
  const { stream, runner } = open([1, 2, 3, 4], { chunkSize: 2 });
  runner.lose(0, new Error("worker died"));
  runner.finish(1);
  const outcomes = [await stream.next(), await stream.next(), await stream.next(), await stream.next()];
  assert.deepEqual(
    outcomes.map((outcome) => outcome?.status),
    ["rejected", "rejected", "fulfilled", "fulfilled"],
  );
  assert.equal(await stream.next(), undefined);
});

test("an item that cannot be sent fails alone, not with its chunk", async () => {
  const { stream, runner } = open([1, NaN, 3], { chunkSize: 3 });
  assert.deepEqual(
    runner.handed.map((chunk) => chunk.items),
    [[1], [3]],
  );
  runner.finish(0);
  runner.finish(1);
  const outcomes = [await stream.next(), await stream.next(), await stream.next()];
  assert.deepEqual(
    outcomes.map((outcome) => outcome?.status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.deepEqual(
    outcomes.map((outcome) => outcome?.index),
    [0, 1, 2],
  );
});

test("ItemStream.return() drops what is waiting, closes the input, and answers those who wait with the end", async () => {
  let isClosed = false;
  const input = (function* () {
    try {
      yield* naturals();
    } finally {
      isClosed = true;
    }
  })();
  const { stream, runner } = open(input);
  const waiting = stream.next();
  await stream.return();
  assert.equal(isClosed, true);
  assert.equal(await waiting, undefined);
  assert.equal(await stream.next(), undefined);
  assert.equal(runner.recalled, 4);
  assert.equal(runner.withdrawn, 0);
  assert.equal(runner.isEntered, false);
  runner.finish(0);
  assert.equal(await stream.next(), undefined);
});

test("ItemStream.return() does not wait for an async input that never answers", async () => {
  const never: AsyncIterable<number> = (async function* () {
    await new Promise(() => {});
    yield 1;
  })();
  const { stream } = open(never);
  await stream.return();
  assert.equal(await stream.next(), undefined);
});

test("ItemStream.abort() stops what runs, and rejects with the reason, once", async () => {
  const { stream, runner } = open(naturals());
  const waiting = stream.next();
  stream.abort(new RangeError("enough"));
  await assert.rejects(waiting, RangeError);
  assert.equal(await stream.next(), undefined);
  assert.equal(runner.withdrawn, 4);
});

test("an input that stalls has its half-full chunk sent on", async () => {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  const { stream, runner } = open(
    (async function* () {
      yield 1;
      yield 2;
      await gate;
      yield 3;
    })(),
    { chunkSize: 10, readAhead: 20 },
  );
  while (runner.handed.length === 0) await eventLoopTurn();
  assert.deepEqual(runner.handed[0]?.items, [1, 2]);
  release();
  while (runner.handed.length === 1) await eventLoopTurn();
  runner.finish(0);
  runner.finish(1);
  assert.deepEqual([valueOf(await stream.next()), valueOf(await stream.next()), valueOf(await stream.next())], [10, 20, 30]);
});

test("a paused ItemStream takes nothing and binds nobody, until it is asked again", async () => {
  let pulled = 0;
  const { stream, runner } = open(
    naturals(() => (pulled += 1)),
    { readAhead: 2 },
  );
  assert.equal(runner.isEntered, true);
  runner.finish(0, () => true);
  assert.equal((await stream.next())?.status, "rejected");
  assert.equal(pulled, 3);
  stream.pause();
  assert.equal(runner.isEntered, false);
  runner.finish(1);
  assert.equal(pulled, 3);
  assert.equal(valueOf(await stream.next()), 10);
  assert.equal(runner.isEntered, true);
  assert.equal(pulled, 4);
});

test("a paused ItemStream says so when the pool has ended meanwhile", async () => {
  const { stream, runner } = open(naturals());
  runner.finish(0, () => true);
  await stream.next();
  stream.pause();
  runner.isClosed = true;
  await assert.rejects(stream.next(), { code: "ERR_CLOSED" });
  assert.equal(await stream.next(), undefined);
});

test("ItemStream.next() with a timeout loses no item when the time is over", async () => {
  const { stream, runner } = open([1, 2]);
  await assert.rejects(stream.next({ timeout: 1 }), { code: "ERR_TIMEOUT" });
  await assert.rejects(stream.next({ timeout: -1 }), { code: "ERR_TIMEOUT" });
  await assert.rejects(stream.next({ signal: AbortSignal.abort(new RangeError("no")) }), RangeError);
  runner.finish(0);
  runner.finish(1);
  assert.equal(valueOf(await stream.next({ timeout: 0 })), 10);
  assert.equal(valueOf(await stream.next()), 20);
});
