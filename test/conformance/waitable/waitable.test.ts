/** One suite over both implementations of `Words`. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Block } from "#lib/memory/block.js";
import { SharedWords } from "#lib/memory/shared-words.js";
import type { Words } from "#lib/memory/waitable.js";

interface Subject {
  readonly name: string;
  make(): { readonly words: Words; readonly at: number; forThread(): unknown };
}

const subjects: readonly Subject[] = [
  {
    name: "mapped words",
    make() {
      const block = Block.allocate(64);
      return { words: block.words, at: block.at, forThread: () => ({ location: block.send() }) };
    },
  },
  {
    name: "shared words",
    make() {
      const buffer = new SharedArrayBuffer(64);
      return { words: new SharedWords(buffer), at: 0, forThread: () => ({ buffer }) };
    },
  },
];

const fixture = new URL("./waitable-thread.js", import.meta.url);

/** Runs one action of waitable-thread.ts in another thread on the same words. */
function inThread(subject: ReturnType<Subject["make"]>, action: string): Worker {
  return new Worker(fixture, { workerData: { ...(subject.forThread() as object), action } });
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `no ${what} within a minute`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

for (const { name, make } of subjects) {
  test(`${name}: a wait for a word that differs ends at once`, async () => {
    const { words, at } = make();
    assert.equal(words.wait(at, 7), "not-equal");
    assert.equal(await words.waitAsync(at, 7), "not-equal");
  });

  test(`${name}: a wait that nobody ends ends in time`, async () => {
    const { words, at } = make();
    assert.equal(words.wait(at, 0, 5), "timed-out");
    assert.equal(words.wait(at, 0, 0), "timed-out");
    assert.equal(words.wait(at, 0, -1), "timed-out");
    assert.equal(await words.waitAsync(at, 0, { timeout: 5 }), "timed-out");
    assert.equal(await words.waitAsync(at, 0, { timeout: -1 }), "timed-out");
  });

  test(`${name}: an asynchronous wait is woken by this thread`, async () => {
    const { words, at } = make();
    const wait = words.waitAsync(at, 0);
    Atomics.store(words.int32, at, 1);
    words.wake(at, 1);
    assert.notEqual(await wait, "timed-out");
  });

  test(`${name}: one wake-up for all wakes every wait of this thread`, async () => {
    const { words, at } = make();
    const waits = Array.from({ length: 50 }, () => words.waitAsync(at, 0));
    Atomics.store(words.int32, at, 1);
    words.wake(at, Infinity);
    for (const result of await Promise.all(waits)) assert.notEqual(result, "timed-out");
  });

  test(`${name}: an abort rejects the wait with the signal's reason, before and during it`, async () => {
    const { words, at } = make();
    const reason = new Error("enough");
    await assert.rejects(words.waitAsync(at, 0, { signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    const wait = words.waitAsync(at, 0, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(wait, reason);
  });

  test(`${name}: a blocked thread is woken by another`, async () => {
    const subject = make();
    const { words, at } = subject;
    const thread = inThread(subject, "block");
    const exit = once(thread, "exit");
    await until(() => Atomics.load(words.int32, at + 1) === 1, "waiting thread");
    Atomics.store(words.int32, at, 1);
    words.wake(at, 1);
    assert.deepEqual(await exit, [0]);
    assert.equal(Atomics.load(words.int32, at + 1), 2);
  });

  test(`${name}: an asynchronous wait is woken by another thread, and keeps that thread alive until then`, async () => {
    const subject = make();
    const { words, at } = subject;
    const thread = inThread(subject, "await");
    const exit = once(thread, "exit");
    await until(() => Atomics.load(words.int32, at + 1) === 1, "waiting thread");
    Atomics.store(words.int32, at, 1);
    words.wake(at, 1);
    assert.deepEqual(await exit, [0]);
    assert.equal(Atomics.load(words.int32, at + 1), 2);
  });

  test(`${name}: 2,000 turns between a blocking and an awaiting thread lose no wake-up`, async () => {
    const subject = make();
    const { words, at } = subject;
    const thread = inThread(subject, "ping");
    const exit = once(thread, "exit");
    for (let turn = 0; turn < 2_000; turn++) {
      Atomics.store(words.int32, at, 2 * turn + 1);
      words.wake(at, 1);
      for (;;) {
        const value = Atomics.load(words.int32, at);
        if (value === 2 * turn + 2) break;
        await words.waitAsync(at, value, { timeout: 60_000 }).then((result) => assert.notEqual(result, "timed-out"));
      }
    }
    assert.deepEqual(await exit, [0]);
  });

  test(`${name}: a wait that was given up hands its wake-up to the next`, async () => {
    const subject = make();
    const { words, at } = subject;
    const thread = inThread(subject, "await");
    const exit = once(thread, "exit");
    await until(() => Atomics.load(words.int32, at + 1) === 1, "waiting thread");
    const controller = new AbortController();
    const given = words.waitAsync(at, 0, { signal: controller.signal });
    Atomics.store(words.int32, at, 1);
    controller.abort(new Error("given up"));
    await assert.rejects(given);
    words.wake(at, 1);
    assert.deepEqual(await exit, [0]);
  });
}
