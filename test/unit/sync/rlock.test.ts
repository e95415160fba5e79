import assert from "node:assert/strict";
import { AsyncResource } from "node:async_hooks";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { StateError, TimeoutError } from "#lib/errors.js";
import { handleOf } from "#lib/memory/handle.js";
import { fromHandle, RLock } from "#lib/sync/rlock.js";

/** Runs `act` as code does that has nothing to do with the caller: in the asynchronous context of the start. */
const elsewhere = AsyncResource.bind(<R>(act: () => R): R => act());

test("RLock: who holds it acquires it again, and has to release it as often", async () => {
  const lock = new RLock();
  const guards = [await lock.acquire(), lock.acquireSync(), lock.tryAcquire(), await lock.acquire({ timeout: 0 })];
  assert.ok(guards.every((guard) => guard !== undefined && !guard.abandoned));
  for (let i = 0; i < 4; i++) {
    assert.equal(lock.locked, true);
    lock.release();
  }
  assert.equal(lock.locked, false);
  assert.throws(() => lock.release(), StateError);
});

test("RLock: a task owns the lock in what it calls and awaits", async () => {
  const lock = new RLock();
  const visit = async (depth: number): Promise<number> => {
    using held = await lock.acquire({ timeout: 20_000 });
    assert.ok(held);
    await turn();
    return depth === 0 ? 0 : 1 + (await visit(depth - 1));
  };
  assert.equal(await visit(20), 20);
  assert.equal(lock.locked, false);
});

test("RLock: two tasks of one event loop exclude each other", async () => {
  const lock = new RLock();
  let inside = 0;
  const task = async (): Promise<void> => {
    for (let round = 0; round < 20; round++) {
      using outer = await lock.acquire();
      assert.equal(++inside, 1);
      await turn();
      using inner = await lock.acquire();
      await turn();
      assert.equal(inside--, 1);
      assert.ok(outer.isHeld && inner.isHeld);
    }
  };
  await Promise.all([task(), task(), task()]);
  assert.equal(lock.locked, false);
});

test("RLock.runExclusive() excludes other tasks and can be nested", async () => {
  const lock = new RLock();
  let inside = 0;
  const task = (): Promise<number> =>
    lock.runExclusive(async () => {
      assert.equal(++inside, 1);
      await turn();
      const result = await lock.runExclusive(async () => {
        using held = await lock.acquire();
        await turn();
        return held.isHeld ? 7 : 0;
      });
      inside--;
      return result;
    });
  assert.deepEqual(await Promise.all([task(), task(), task()]), [7, 7, 7]);
  await assert.rejects(
    lock.runExclusive(() => Promise.reject(new Error("inside"))),
    /inside/,
  );
  assert.equal(lock.locked, false);
});

test("RLock.runExclusive() keeps the ownership from the caller that goes on", async () => {
  const lock = new RLock();
  let finish = (): void => {};
  const running = lock.runExclusive(() => new Promise<void>((resolve) => (finish = resolve)));
  await turn();
  assert.equal(lock.tryAcquire(), undefined);
  assert.throws(() => lock.release(), StateError);
  await assert.rejects(
    lock.runExclusive(() => 1, { timeout: 1 }),
    TimeoutError,
  );
  assert.equal(await lock.acquire({ timeout: 1 }), undefined);
  finish();
  await running;
  assert.ok(lock.tryAcquire());
});

test("RLock: another task can neither release the lock nor acquire it", async () => {
  const lock = new RLock();
  const held = await lock.acquire();
  await elsewhere(async () => {
    assert.throws(() => lock.release(), StateError);
    assert.equal(lock.tryAcquire(), undefined);
    assert.equal(await lock.acquire({ timeout: 1 }), undefined);
    assert.equal(lock.acquireSync({ timeout: 1 }), undefined);
    assert.throws(() => lock.acquireSync(), StateError);
  });
  elsewhere(() => held.release());
  assert.equal(lock.locked, false);
});

test("RLock.acquire() rejects with the signal's reason, and the lock goes to the next", async () => {
  const lock = new RLock();
  const reason = new Error("no longer needed");
  await lock.runExclusive(async () => {
    const controller = new AbortController();
    const aborted = elsewhere(() => lock.acquire({ signal: controller.signal }));
    controller.abort(reason);
    await assert.rejects(aborted, reason);
  });
  await assert.rejects(lock.acquire({ signal: AbortSignal.abort(reason) }), reason);
  (await lock.acquire()).release();
  assert.equal(lock.locked, false);
});

test("RLock: two locks are held independently", async () => {
  const [first, second] = [new RLock(), new RLock()];
  await first.acquire();
  await second.acquire();
  await first.acquire();
  first.release();
  first.release();
  assert.equal(first.locked, false);
  assert.equal(second.locked, true);
  await second.acquire();
  second.release();
  second.release();
  assert.equal(second.locked, false);
});

test("RLock: a guard that was released says so, and a level too many is refused", async () => {
  const lock = new RLock();
  const outer = await lock.acquire();
  const inner = await lock.acquire();
  inner.release();
  inner.release();
  assert.equal(inner.isHeld, false);
  lock.release();
  assert.throws(() => outer.release(), StateError);
  assert.equal(lock.locked, false);
});

test("RLock.acquire() refuses a timeout that is not a number", async () => {
  const lock = new RLock();
  await assert.rejects(lock.acquire({ timeout: "1" as unknown as number }), TypeError);
  assert.throws(() => lock.acquireSync({ timeout: NaN }), TypeError);
  assert.equal(lock.locked, false);
});

test("a recursive lock that comes back through its handle is the same object", () => {
  const lock = new RLock();
  assert.equal(lock[handleOf]().kind, "rlock");
  assert.equal(fromHandle(structuredClone(lock[handleOf]().data)), lock);
});
