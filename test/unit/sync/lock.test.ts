import assert from "node:assert/strict";
import { test } from "node:test";
import { StateError, TimeoutError } from "#lib/errors.js";
import { handleOf } from "#lib/memory/handle.js";
import { fromHandle, Lock } from "#lib/sync/lock.js";

test("Lock.acquire() gives a guard, and undefined while somebody else holds the lock", async () => {
  const lock = new Lock();
  assert.equal(lock.locked, false);
  const held = await lock.acquire();
  assert.equal(held.abandoned, false);
  assert.equal(lock.locked, true);
  assert.equal(lock.tryAcquire(), undefined);
  assert.equal(lock.acquireSync({ timeout: 5 }), undefined);
  assert.equal(await lock.acquire({ timeout: 5 }), undefined);
  assert.equal(await lock.acquire({ timeout: 0 }), undefined);
  assert.equal(await lock.acquire({ timeout: -1 }), undefined);
  held.release();
  assert.equal(lock.locked, false);
  assert.equal(held.isHeld, false);
});

test("a guard gives the lock back at the end of its scope, and once only", () => {
  const lock = new Lock();
  {
    using held = lock.acquireSync();
    assert.equal(held.isHeld, true);
  }
  const first = lock.acquireSync();
  first.release();
  const second = lock.acquireSync();
  first.release();
  assert.equal(lock.locked, true);
  second.release();
});

test("Lock.release() throws StateError when nobody holds the lock", () => {
  assert.throws(() => new Lock().release(), StateError);
});

test("Lock.acquire() is first come, first served within a thread", async () => {
  const lock = new Lock();
  const first = await lock.acquire();
  const order: number[] = [];
  const waiters = Array.from({ length: 50 }, async (_, number) => {
    using held = await lock.acquire();
    assert.equal(held.isHeld, true);
    order.push(number);
  });
  first.release();
  await Promise.all(waiters);
  assert.deepEqual(
    order,
    Array.from({ length: 50 }, (_, number) => number),
  );
  assert.equal(lock.locked, false);
});

test("Lock.acquire() rejects with the signal's reason, and the lock goes to the next", async () => {
  const lock = new Lock();
  const held = await lock.acquire();
  const controller = new AbortController();
  const aborted = [lock.acquire({ signal: controller.signal }), lock.acquire({ signal: controller.signal })];
  const patient = lock.acquire();
  const reason = new Error("no longer needed");
  controller.abort(reason);
  for (const wait of aborted) await assert.rejects(wait, reason);
  await assert.rejects(lock.acquire({ signal: AbortSignal.abort(reason) }), reason);
  held.release();
  (await patient).release();
  assert.equal(lock.locked, false);
});

test("Lock.acquire() refuses a timeout that is not a number", async () => {
  const lock = new Lock();
  await assert.rejects(lock.acquire({ timeout: "1" as unknown as number }), TypeError);
  assert.throws(() => lock.acquireSync({ timeout: NaN }), TypeError);
  assert.equal(lock.locked, false);
});

test("Lock.runExclusive() holds the lock until the promise settles, and releases it when it rejects", async () => {
  const lock = new Lock();
  const result = lock.runExclusive(async () => {
    await Promise.resolve();
    assert.equal(lock.locked, true);
    return 7;
  });
  await assert.rejects(
    lock.runExclusive(() => 1, { timeout: 0 }),
    TimeoutError,
  );
  assert.equal(await result, 7);
  await assert.rejects(
    lock.runExclusive(() => Promise.reject(new Error("inside"))),
    /inside/,
  );
  assert.equal(lock.locked, false);
});

test("a lock that comes back through its handle is the same object", () => {
  const lock = new Lock();
  const { kind, data } = lock[handleOf]();
  assert.equal(kind, "lock");
  assert.equal(fromHandle(structuredClone(data)), lock);
  assert.throws(() => fromHandle({ arena: 1 }), /malformed/);
  assert.throws(() => fromHandle({ arena: 99_999, block: 0, generation: 1 }), StateError);
});
