/** Queues within one thread. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClosedError, EmptyError, EncodeError, FullError, JoinableQueue, Lock, Queue, ResourceLimitError, StateError } from "manyhands";
import { gotsAt, putsAt } from "#lib/queue/chain-words.js";
import { fromHandle } from "#lib/queue/queue.js";
import { SharedQueue } from "#lib/queue/shared-queue.js";

test("Queue.get() returns items in the order in which they were put, in all three spellings", async () => {
  const queue = new Queue<number>();
  await queue.put(1);
  queue.putSync(2);
  queue.tryPut(3);
  assert.equal(queue.size, 3);
  assert.equal(await queue.get(), 1);
  assert.equal(queue.getSync(), 2);
  assert.equal(queue.tryGet(), 3);
  assert.equal(queue.isEmpty, true);
});

test("Queue.put() takes a snapshot: what is changed afterwards arrives as it was", async () => {
  const queue = new Queue<{ list: number[] }>();
  const item = { list: [1] };
  const put = queue.put(item);
  item.list.push(2);
  await put;
  item.list.push(3);
  assert.deepEqual(await queue.get(), { list: [1] });
});

test("items of every size arrive as they were, undefined and null too", async () => {
  const queue = new Queue();
  const sizes = [0, 1, 7, 8, 100, 4_000, 5_000, 16_383, 16_384, 32_000, 33_000, 100_000, 1_000_000];
  const items = [
    undefined,
    null,
    "",
    -0,
    ...sizes.flatMap((size) => [
      new Uint8Array(size).fill(size),
      "x".repeat(size),
      { text: "é".repeat(size), twice: [new Float64Array(size >> 3), Buffer.alloc(size, 1)] },
    ]),
  ];
  for (const item of items) await queue.put(item);
  assert.equal(queue.size, items.length);
  for (const item of items) assert.deepEqual(await queue.get(), item);
  for (const item of items) {
    queue.putSync(item);
    assert.deepEqual(queue.getSync(), item);
  }
});

test("numbers of every kind arrive as they were", () => {
  const queue = new Queue<number>();
  const numbers = [0, -0, 1, -1, 127, 128, -129, 65_536, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 0.1, Number.MIN_VALUE, Infinity, -Infinity, NaN];
  for (const number of numbers) queue.putSync(number);
  for (const number of numbers) assert.ok(Object.is(queue.getSync(), number), `${number}`);
});

test("a buffer arrives as a Buffer of its own bytes, and a subclass of it as the codec sends it", async () => {
  const queue = new Queue<Buffer>();
  const whole = Buffer.from("0123456789");
  for (const size of [0, 1, 4_000, 5_000, 32_767, 32_768, 100_000]) {
    const part = Buffer.alloc(size + 3, "abc").subarray(1, size + 1);
    for (const buffer of [part, part]) await queue.put(buffer);
    const [first, second] = [await queue.get(), await queue.get()];
    assert.ok(Buffer.isBuffer(first) && first.equals(part));
    first.fill(0);
    assert.ok(second.equals(part), "they share no bytes");
  }
  await queue.put(whole.subarray(2, 5));
  assert.equal((await queue.get()).toString(), "234");
});

test("a buffer that waits for room arrives as it was when it was put", async () => {
  const queue = new Queue<Buffer>({ maxSize: 1 });
  const buffer = Buffer.from("before");
  const puts = [queue.put(buffer), queue.put(buffer)];
  buffer.write("after!");
  assert.equal((await queue.get()).toString(), "before");
  assert.equal((await queue.get()).toString(), "before");
  await Promise.all(puts);
});

test("the event loop turns while items come and go without end", async () => {
  const queue = new Queue<number>();
  const echo = new Queue<number>();
  const ticks: number[] = [];
  const timer = setInterval(() => ticks.push(0), 0);
  const deadline = Date.now() + 60_000;
  const turn = (count: number): boolean => {
    assert.ok(Date.now() < deadline, "no timer ran");
    return ticks.length < count;
  };
  while (turn(2)) await queue.put(1);
  queue.close();
  for await (const item of queue) if (!turn(4)) await echo.put(item);
  while (turn(6)) {
    await echo.put(1);
    await echo.get();
  }
  clearInterval(timer);
});

test("a queue goes on through many chunks, and around in one", () => {
  const queue = new Queue<string>();
  const text = "0123456789".repeat(100);
  for (let backlog = 0; backlog < 3; backlog++) {
    for (let index = 0; index < 5_000; index++) queue.putSync(`${index} ${text}`);
    assert.equal(queue.size, 5_000);
    for (let index = 0; index < 5_000; index++) assert.equal(queue.getSync(), `${index} ${text}`);
    assert.equal(queue.size, 0);
    for (let index = 0; index < 5_000; index++) {
      queue.putSync(`${index} ${text}`);
      assert.equal(queue.getSync(), `${index} ${text}`);
    }
  }
});

test("chunks that were emptied are filled again", () => {
  const queue = new Queue<string>();
  const text = "0123456789".repeat(100);
  let put = 0;
  let got = 0;
  const putMany = (count: number): void => {
    for (; count > 0; count--) queue.putSync(`${put++} ${text}`);
  };
  const getMany = (count: number): void => {
    for (; count > 0; count--) assert.equal(queue.getSync(), `${got++} ${text}`);
  };
  // Always some megabytes behind, by more and less, so that chunks are left, come back and are left again.
  putMany(3_000);
  for (let round = 0; round < 12; round++) {
    putMany(round % 3 === 0 ? 6_000 : 500);
    getMany(round % 3 === 2 ? 6_000 : 500);
  }
  getMany(put - got);
  assert.equal(queue.size, 0);
});

test("the value that cannot be sent is refused by put, and leaves the queue as it was", async () => {
  const queue = new Queue({ maxSize: 1 });
  await assert.rejects(queue.put({ socket: Symbol("no") }), (error) => error instanceof EncodeError && error.path === "item.socket");
  assert.throws(() => queue.putSync(Symbol("no")), EncodeError);
  await queue.put(true);
  assert.equal(await queue.get(), true);
  assert.equal(queue.size, 0);
});

test("a full queue refuses: at once with no, zero or negative time, else in time; the item is handed back", async () => {
  const queue = new Queue<string>({ maxSize: 6 });
  for (let index = 0; index < 6; index++) await queue.put(`${index}`);
  assert.equal(queue.isFull, true);
  const isFull = (error: unknown): boolean => error instanceof FullError && error.value === "seventh";
  assert.throws(() => queue.tryPut("seventh"), isFull);
  for (const timeout of [0, -1]) {
    await assert.rejects(queue.put("seventh", { timeout }), isFull);
    assert.throws(() => queue.putSync("seventh", { timeout }), isFull);
  }
  for (const put of [() => queue.put("seventh", { timeout: 100 }), async () => queue.putSync("seventh", { timeout: 100 })]) {
    const start = performance.now();
    await assert.rejects(put(), isFull);
    assert.ok(performance.now() - start >= 99);
  }
  await assert.rejects(queue.put("x".repeat(100_000), { timeout: 0 }), FullError);
  assert.equal(queue.size, 6);
  assert.equal(await queue.get(), "0");
  await queue.put("seventh");
  assert.equal(queue.isFull, true);
});

test("an empty queue refuses: at once with no, zero or negative time, else in time", async () => {
  const queue = new Queue();
  assert.throws(() => queue.tryGet(), EmptyError);
  for (const timeout of [0, -1]) {
    await assert.rejects(queue.get({ timeout }), EmptyError);
    assert.throws(() => queue.getSync({ timeout }), EmptyError);
  }
  const start = performance.now();
  await assert.rejects(queue.get({ timeout: 50 }), EmptyError);
  assert.throws(() => queue.getSync({ timeout: 50 }), EmptyError);
  assert.ok(performance.now() - start >= 99);
  await assert.rejects(queue.get({ timeout: "1" as never }), TypeError);
});

test("waits of one thread are served in their order, getting and putting", async () => {
  const queue = new Queue<number>({ maxSize: 1 });
  const gets = [queue.get(), queue.get(), queue.get()];
  const puts = [1, 2, 3, 4, 5].map((item) => queue.put(item));
  assert.deepEqual(await Promise.all(gets), [1, 2, 3]);
  assert.deepEqual([await queue.get(), await queue.get()], [4, 5]);
  await Promise.all(puts);
});

test("an aborted wait rejects with the signal's reason, and takes or puts nothing", async () => {
  const queue = new Queue<number>({ maxSize: 1 });
  const controller = new AbortController();
  const get = queue.get({ signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(get, /enough/);
  await assert.rejects(queue.get({ signal: controller.signal }), /enough/);
  await queue.put(1);
  const second = new AbortController();
  const put = queue.put(2, { signal: second.signal });
  second.abort(new Error("enough"));
  await assert.rejects(put, /enough/);
  assert.equal(await queue.get(), 1);
  assert.equal(queue.size, 0);
});

test("close() ends puts of this object, and iterations of it when the queue is empty", async () => {
  const queue = new Queue<number>();
  await queue.put(1);
  await queue.put(2);
  const seen: number[] = [];
  const iteration = (async () => {
    for await (const item of queue) seen.push(item);
  })();
  while (seen.length < 2) await new Promise((resolve) => setImmediate(resolve));
  queue.close();
  queue.close();
  await iteration;
  assert.deepEqual(seen, [1, 2]);
  await assert.rejects(queue.put(3), ClosedError);
  assert.throws(() => queue.tryPut(3), ClosedError);
  assert.throws(() => queue.tryGet(), EmptyError);
});

test("an iteration of a queue that was closed takes what is left", async () => {
  const queue = new Queue<number>();
  for (const item of [1, 2, 3]) await queue.put(item);
  queue.close();
  const seen: number[] = [];
  for await (const item of queue) seen.push(item);
  assert.deepEqual(seen, [1, 2, 3]);
});

test("shutdown() refuses puts, hands out what is left, then refuses gets and ends iterations", async () => {
  const queue = new Queue<number>();
  for (const item of [1, 2, 3]) await queue.put(item);
  queue.shutdown();
  await assert.rejects(queue.put(4), ClosedError);
  assert.equal(await queue.get(), 1);
  const seen: number[] = [];
  for await (const item of queue) seen.push(item);
  assert.deepEqual(seen, [2, 3]);
  await assert.rejects(queue.get(), ClosedError);
  assert.throws(() => queue.getSync(), ClosedError);
});

test("shutdown({ immediate }) drops what is left and wakes whoever waits", async () => {
  const empty = new Queue<number>();
  const full = new JoinableQueue<string>({ maxSize: 2 });
  await full.put("x".repeat(100_000));
  await full.put("b");
  const waits = [empty.get(), empty.get(), full.put("c"), full.put("d".repeat(100_000))];
  const joined = full.join();
  const refused = waits.map((wait) => assert.rejects(wait, ClosedError));
  empty.shutdown({ immediate: true });
  full.shutdown({ immediate: true });
  await Promise.all(refused);
  assert.equal(await joined, true);
  assert.equal(full.size, 0);
  await assert.rejects(full.get(), ClosedError);
});

test("JoinableQueue.join() waits until every item that was put is done, and taskDone() refuses one too many", async () => {
  const queue = new JoinableQueue<number>();
  assert.equal(await queue.join(), true);
  assert.equal(queue.joinSync(), true);
  assert.throws(() => queue.taskDone(), StateError);
  for (let item = 0; item < 10; item++) await queue.put(item);
  assert.equal(await queue.join({ timeout: -1 }), false);
  assert.equal(queue.joinSync({ timeout: 10 }), false);
  assert.throws(() => queue.taskDone(), StateError, "nothing was taken yet");
  let isJoined = false;
  const joined = queue.join().then(() => (isJoined = true));
  for (let item = 0; item < 10; item++) {
    assert.equal(isJoined, false);
    assert.equal(await queue.get(), item);
    queue.taskDone();
  }
  await joined;
  assert.throws(() => queue.taskDone(), StateError);
});

test("a queue that cannot be is refused", () => {
  for (const maxSize of [-1, 1.5, NaN, 2 ** 31]) assert.throws(() => new Queue({ maxSize }), RangeError);
  assert.throws(() => new Queue({ maxSize: "1" as never }), TypeError);
  for (const maxSize of [0, Infinity, undefined]) assert.equal(new Queue({ maxSize }).isFull, false);
});

test("getSync() leaves an item whose module is not loaded; get() loads it", async () => {
  const queue = new Queue();
  const lock = new Lock();
  const inner = new JoinableQueue<number>();
  await queue.put({ inner, lock });
  assert.throws(() => queue.getSync(), StateError);
  assert.equal(queue.size, 1);
  const item = (await queue.get()) as { inner: unknown; lock: unknown };
  assert.equal(item.inner, inner);
  assert.equal(item.lock, lock);
  await queue.put({ again: inner });
  assert.deepEqual(queue.getSync(), { again: inner });
});

test("a leased item is gone when it is done, and is the next one when it is given back", async () => {
  const queue = new Queue<number | string>();
  for (const item of [1, 2, "x".repeat(100_000)]) await queue.put(item);
  const first = await queue.lease();
  assert.equal(first.value, 1);
  assert.equal(queue.size, 2);
  first.release();
  assert.equal(queue.size, 3);
  assert.throws(() => first.done(), StateError);
  assert.throws(() => first.release(), StateError);
  {
    using again = queue.leaseSync();
    assert.equal(again.value, 1);
  }
  assert.equal(queue.getSync(), 1);
  queue.tryLease().done();
  const large = await queue.lease();
  large.release();
  assert.equal(queue.size, 1);
  const largeAgain = await queue.lease();
  assert.deepEqual(largeAgain.value, large.value);
  largeAgain.done();
  assert.equal(queue.size, 0);
  assert.throws(() => queue.tryLease(), EmptyError);
  await assert.rejects(queue.lease({ timeout: 10 }), EmptyError);
});

test("no more than 224 items are leased at a time, and each comes back", async () => {
  const queue = new Queue<number>();
  for (let item = 0; item < 225; item++) await queue.put(item);
  const leases = await Promise.all(Array.from({ length: 224 }, () => queue.lease()));
  assert.throws(() => queue.tryLease(), ResourceLimitError);
  assert.equal(await queue.get(), 224);
  const waiting = queue.get();
  for (const lease of leases) lease.release();
  const items = [await waiting];
  while (!queue.isEmpty) items.push(await queue.get());
  assert.deepEqual(
    items.sort((a, b) => a - b),
    Array.from({ length: 224 }, (_, item) => item),
  );
});

test("an item that was given back takes room in a queue with a limit", async () => {
  const queue = new Queue<number>({ maxSize: 1 });
  await queue.put(1);
  const lease = await queue.lease();
  lease.release();
  assert.equal(queue.isFull, true);
  assert.throws(() => queue.tryPut(2), FullError);
  const put = queue.put(2);
  assert.equal(await queue.get(), 1);
  await put;
  assert.equal(await queue.get(), 2);
});

test("a queue goes on where the numbers of its items begin again", () => {
  const shared = SharedQueue.allocate(0, { isCounted: false });
  const { int32 } = shared.block.words;
  const at = shared.block.at;
  // As after 2^31 - 2 and 2^32 - 2 items, an even number: the positions are where they are at the beginning.
  for (const number of [0x7fff_fffe, -2]) {
    int32[at + putsAt] = number;
    int32[at + gotsAt] = number;
    const queue = fromHandle(shared.block.send());
    for (let round = 0; round < 8; round++) {
      queue.putSync(round);
      queue.putSync("x".repeat(40_000));
      assert.equal(queue.size, 2);
      assert.equal(queue.getSync(), round);
      assert.equal(queue.getSync(), "x".repeat(40_000));
      assert.equal(queue.isEmpty, true);
    }
  }
});

test("a joinable queue leases nothing", async () => {
  const queue = new JoinableQueue<number>();
  await queue.put(1);
  await assert.rejects(queue.lease(), StateError);
  assert.throws(() => queue.tryLease(), StateError);
});

test("a bare number is no options of a queue, nor of a wait", async () => {
  assert.throws(() => new Queue(1 as never), /as in \{ maxSize: 10 \}, not by 1/);
  const queue = new Queue<number>();
  await assert.rejects(queue.get(50 as never), TypeError);
  assert.throws(() => queue.getSync(50 as never), TypeError);
});
