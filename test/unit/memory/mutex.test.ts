/** The lock's algorithm with participants of its own making: several in one thread, which die when the test says so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { StateError } from "#lib/errors.js";
import { Block } from "#lib/memory/block.js";
import { Deadline } from "#lib/memory/deadline.js";
import { Mutex } from "#lib/memory/mutex.js";

const handoffBit = 2;

/** One lock as several participants see it. */
function make(): { readonly word: () => number; readonly as: (id: number) => Mutex; readonly dead: Set<number> } {
  const { words, at } = Block.allocate(64);
  const dead = new Set<number>();
  return {
    dead,
    word: () => Atomics.load(words.int32, at),
    as: (id) => new Mutex(words, at, { self: id, isGone: (other) => dead.has(other), wasKilled: (other) => dead.has(other) }),
  };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `no ${what} within a minute`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const inTime = (): Deadline => new Deadline(60_000, "acquire");

test("a lock that is free again leaves no trace in its words", async () => {
  const { as, word } = make();
  const [one, two] = [as(1), as(2)];
  assert.equal(one.tryAcquire(), "acquired");
  const wait = two.acquire(inTime(), undefined);
  one.release();
  assert.equal(await wait, "acquired");
  two.release();
  assert.equal(word(), 0);
  assert.throws(() => one.release(), StateError);
});

test("a lock is handed to a waiter that was passed by for long, and to nobody else", async () => {
  const { as, word } = make();
  const [holder, waiter, passer] = [as(1), as(2), as(3)];
  holder.tryAcquire();
  const wait = waiter.acquire(inTime(), undefined);
  await until(() => (word() & handoffBit) !== 0, "starving waiter");
  holder.release();
  assert.equal(holder.tryAcquire(), undefined);
  assert.equal(passer.tryAcquire(), undefined);
  assert.equal(passer.acquireSync(new Deadline(0, "acquire")), undefined);
  assert.equal(await wait, "acquired");
  waiter.release();
  assert.equal(passer.tryAcquire(), "acquired");
  passer.release();
  assert.equal(word(), 0);
});

test("a starving waiter that gives up leaves the lock to the others", async () => {
  const { as, word } = make();
  const [holder, waiter, other] = [as(1), as(2), as(3)];
  holder.tryAcquire();
  const controller = new AbortController();
  const wait = waiter.acquire(inTime(), controller.signal);
  await until(() => (word() & handoffBit) !== 0, "starving waiter");
  const patient = other.acquire(inTime(), undefined);
  // It is handed the lock between its abort and its leaving.
  controller.abort(new Error("given up"));
  holder.release();
  await assert.rejects(wait, /given up/);
  assert.equal(await patient, "acquired");
  other.release();
  assert.equal(word(), 0);
});

test("a lock that was handed to a waiter that died goes to who wants it", async () => {
  const { as, word, dead } = make();
  const [holder, waiter, other] = [as(1), as(2), as(3)];
  holder.tryAcquire();
  const controller = new AbortController();
  const wait = waiter.acquire(inTime(), controller.signal);
  await until(() => (word() & handoffBit) !== 0, "starving waiter");
  dead.add(2);
  holder.release();
  // Before its next look, since the dead have none.
  assert.equal(other.acquireSync(inTime()), "acquired");
  other.release();
  controller.abort(new Error("dead"));
  await wait.catch(() => undefined);
});

test("a lock that was handed to a waiter whose event loop is busy passes on, and the waiter gets it afterwards", async () => {
  for (const acquire of [(other: Mutex) => other.acquireSync(inTime()), tryUntilAcquired]) {
    const { as, word } = make();
    const [holder, waiter, other] = [as(1), as(2), as(3)];
    holder.tryAcquire();
    const wait = waiter.acquire(inTime(), undefined);
    await until(() => (word() & handoffBit) !== 0, "starving waiter");
    holder.release();
    assert.equal(other.tryAcquire(), undefined, "it is kept for the waiter at first");
    // This thread does not return to its event loop, where the waiter is.
    assert.equal(acquire(other), "acquired");
    assert.equal(holder.tryAcquire(), undefined);
    other.release();
    assert.equal(await wait, "acquired");
    assert.equal(holder.tryAcquire(), undefined);
    waiter.release();
    assert.equal(word(), 0);
  }
});

function tryUntilAcquired(mutex: Mutex): string | undefined {
  const deadline = inTime();
  for (;;) {
    const acquisition = mutex.tryAcquire();
    if (acquisition !== undefined || deadline.remaining <= 0) return acquisition;
  }
}

test("a dead holder's lock is abandoned, for those who wait, who block and who only try", async () => {
  const { as, dead, word } = make();
  const [holder, other] = [as(1), as(2)];
  for (const acquire of [
    () => other.acquire(inTime(), undefined),
    () => other.acquireSync(inTime()),
    () => other.acquireSync(new Deadline(0, "acquire")),
  ]) {
    dead.clear();
    assert.equal(holder.tryAcquire(), "acquired");
    assert.equal(other.tryAcquire(), undefined);
    dead.add(1);
    assert.equal(await acquire(), "abandoned");
    other.release();
    assert.equal(word(), 0);
  }
  dead.clear();
  holder.tryAcquire();
  dead.add(1);
  assert.equal(as(3).tryAcquire(), "abandoned");
});
