import assert from "node:assert/strict";
import { test } from "node:test";
import { StateError, TimeoutError } from "#lib/errors.js";
import { handleOf } from "#lib/memory/handle.js";
import { BoundedSemaphore, fromHandle as boundedFromHandle } from "#lib/sync/bounded-semaphore.js";
import { Permits } from "#lib/sync/permits.js";
import { fromHandle, Semaphore } from "#lib/sync/semaphore.js";

test("a semaphore begins with one permit, or with as many as it is told", () => {
  assert.equal(new Semaphore().value, 1);
  assert.equal(new BoundedSemaphore().value, 1);
  assert.equal(new Semaphore(0).value, 0);
  assert.equal(new Semaphore(2 ** 31 - 1).value, 2 ** 31 - 1);
});

for (const Kind of [Semaphore, BoundedSemaphore]) {
  test(`${Kind.name}: a number of permits that cannot be is refused`, () => {
    for (const value of [-1, 1.5, 2 ** 31, NaN]) assert.throws(() => new Kind(value), RangeError);
    assert.throws(() => new Kind("2" as unknown as number), TypeError);
  });

  test(`${Kind.name}.acquire() gives as many guards as there are permits, and undefined beyond`, async () => {
    const semaphore = new Kind(3);
    const held = [await semaphore.acquire(), semaphore.acquireSync(), semaphore.tryAcquire()];
    assert.equal(semaphore.value, 0);
    assert.equal(semaphore.tryAcquire(), undefined);
    for (const timeout of [0, -1, 5]) {
      assert.equal(await semaphore.acquire({ timeout }), undefined);
      assert.equal(semaphore.acquireSync({ timeout }), undefined);
    }
    for (const guard of held) {
      assert.equal(guard?.abandoned, false);
      guard.release();
    }
    assert.equal(semaphore.value, 3);
  });

  test(`${Kind.name}.acquire() is first come, first served within a thread`, async () => {
    const semaphore = new Kind(2);
    const order: number[] = [];
    const waiters = Array.from({ length: 30 }, async (_, number) => {
      using held = await semaphore.acquire();
      order.push(number);
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(held.isHeld);
    });
    await Promise.all(waiters);
    assert.deepEqual(
      order,
      Array.from({ length: 30 }, (_, number) => number),
    );
    assert.equal(semaphore.value, 2);
  });

  test(`${Kind.name}.acquire() rejects with the signal's reason, and the permit goes to the next`, async () => {
    const semaphore = new Kind(1);
    const held = await semaphore.acquire();
    const controller = new AbortController();
    const aborted = [semaphore.acquire({ signal: controller.signal }), semaphore.acquire({ signal: controller.signal })];
    const patient = semaphore.acquire();
    const reason = new Error("no longer needed");
    controller.abort(reason);
    for (const wait of aborted) await assert.rejects(wait, reason);
    await assert.rejects(semaphore.acquire({ signal: AbortSignal.abort(reason) }), reason);
    held.release();
    (await patient).release();
    assert.equal(semaphore.value, 1);
  });

  test(`${Kind.name}.acquireSync() gets a permit although a task of the same thread waits for one`, async () => {
    const semaphore = new Kind(1);
    const held = await semaphore.acquire();
    const waiting = semaphore.acquire();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(semaphore.acquireSync({ timeout: 30 }), undefined);
    held.release();
    const taken = semaphore.acquireSync({ timeout: 10_000 });
    assert.ok(taken);
    taken.release();
    (await waiting).release();
    assert.equal(semaphore.value, 1);
  });

  test(`${Kind.name}.acquire() refuses a timeout that is not a number`, async () => {
    const semaphore = new Kind(1);
    await assert.rejects(semaphore.acquire({ timeout: "1" as unknown as number }), TypeError);
    assert.throws(() => semaphore.acquireSync({ timeout: NaN }), TypeError);
    assert.equal(semaphore.value, 1);
  });

  test(`${Kind.name}.runExclusive() holds a permit until the promise settles`, async () => {
    const semaphore = new Kind(1);
    const result = semaphore.runExclusive(async () => {
      await Promise.resolve();
      assert.equal(semaphore.value, 0);
      return 7;
    });
    await assert.rejects(
      semaphore.runExclusive(() => 1, { timeout: 0 }),
      TimeoutError,
    );
    assert.equal(await result, 7);
    await assert.rejects(
      semaphore.runExclusive(() => Promise.reject(new Error("inside"))),
      /inside/,
    );
    assert.equal(semaphore.value, 1);
  });

  test(`${Kind.name}: more than 512 permits are kept account of, too`, () => {
    const semaphore = new Kind(1000);
    const guards = Array.from({ length: 1000 }, () => semaphore.tryAcquire());
    assert.ok(guards.every((guard) => guard !== undefined));
    assert.equal(semaphore.tryAcquire(), undefined);
    for (const guard of guards) guard?.release();
    assert.equal(semaphore.value, 1000);
  });
}

test("Semaphore.release() adds permits beyond those it began with, each of which can be taken once", async () => {
  const semaphore = new Semaphore(0);
  const waiting = [semaphore.acquire(), semaphore.acquire()];
  for (let i = 0; i < 5; i++) semaphore.release();
  await Promise.all(waiting);
  assert.equal(semaphore.value, 3);
  for (let i = 0; i < 3; i++) assert.ok(semaphore.tryAcquire());
  assert.equal(semaphore.tryAcquire(), undefined);
});

test("Semaphore.release() throws StateError when there can be no more permits", () => {
  const semaphore = new Semaphore(2 ** 31 - 1);
  assert.throws(() => semaphore.release(), StateError);
  assert.equal(semaphore.value, 2 ** 31 - 1);
});

test("BoundedSemaphore.release() throws StateError when all permits are free, and changes nothing", () => {
  const semaphore = new BoundedSemaphore(2);
  assert.throws(() => semaphore.release(), StateError);
  semaphore.acquireSync();
  semaphore.release();
  assert.throws(() => semaphore.release(), StateError);
  assert.equal(semaphore.value, 2);
  assert.throws(() => new BoundedSemaphore(0).release(), StateError);
});

test("a semaphore that comes back through its handle is the same object", () => {
  const semaphore = new Semaphore(2);
  assert.equal(semaphore[handleOf]().kind, "semaphore");
  assert.equal(fromHandle(structuredClone(semaphore[handleOf]().data)), semaphore);
  const bounded = new BoundedSemaphore(2);
  assert.equal(boundedFromHandle(structuredClone(bounded[handleOf]().data)), bounded);
});

test("Semaphore: the permits of the dead come back once each, also when somebody needs one of their accounts", () => {
  const permits = Permits.allocate(600, { isBounded: false });
  const { int32 } = permits.block.words;
  const at = permits.block.at;
  const [freeAt, accountsAt, accounts] = [11, 16, 512];
  const nobody = 0x1f_ffff;
  for (let account = 0; account < accounts; account++) int32.set([nobody, 1], at + accountsAt + 2 * account);
  int32[at + freeAt] = 600 - accounts;
  assert.equal(permits.free, 600);
  assert.equal(permits.takeFree(), "abandoned");
  assert.equal(permits.free, 599);
  permits.release();
  assert.equal(permits.free, 600);
});
