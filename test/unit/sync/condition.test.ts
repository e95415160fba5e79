import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { StateError } from "#lib/errors.js";
import { handleOf } from "#lib/memory/handle.js";
import { Condition, fromHandle } from "#lib/sync/condition.js";
import { Lock } from "#lib/sync/lock.js";
import { RLock } from "#lib/sync/rlock.js";

/** Starts a task that waits; `wait` settles as the wait does. Returns when it waits. */
async function waiter(condition: Condition, options: Parameters<Condition["wait"]>[0] = {}): Promise<{ wait: Promise<boolean> }> {
  return await new Promise((resolve) => {
    const wait = condition.runExclusive(async () => {
      const waiting = condition.wait(options);
      setImmediate(() => resolve({ wait }));
      return await waiting;
    });
  });
}

for (const makeLock of [() => new Lock(), () => new RLock()]) {
  const name = `Condition over ${makeLock().constructor.name}`;

  test(`${name}: notify() lets one go on, notify(n) so many, notifyAll() all`, async () => {
    const condition = new Condition(makeLock());
    const done: boolean[] = [];
    const waits = [];
    for (let i = 0; i < 10; i++) waits.push((await waiter(condition, { timeout: 20_000 })).wait.then((notified) => done.push(notified)));
    const notified = async (notify: () => void, expected: number): Promise<void> => {
      await condition.runExclusive(notify);
      for (let look = 0; look < 100 && done.length < expected; look++) await turn();
      await turn();
      assert.deepEqual(
        done,
        Array.from({ length: expected }, () => true),
      );
    };
    await notified(() => condition.notify(), 1);
    await notified(() => condition.notify(3), 4);
    await notified(() => condition.notify(0), 4);
    await notified(() => condition.notifyAll(), 10);
    await Promise.all(waits);
    assert.equal(condition.lock.locked, false);
  });

  test(`${name}: a notification that nobody waits for is not remembered`, async () => {
    const condition = new Condition(makeLock());
    await condition.runExclusive(async () => {
      condition.notify(3);
      condition.notifyAll();
      assert.equal(await condition.wait({ timeout: 1 }), false);
      assert.equal(condition.waitSync({ timeout: 1 }), false);
    });
  });

  test(`${name}: wait() is false when the time is over, and a wait that was given up takes no notification`, async () => {
    const condition = new Condition(makeLock());
    const impatient = await waiter(condition, { timeout: 1 });
    assert.equal(await impatient.wait, false);
    const patient = await waiter(condition, { timeout: 20_000 });
    for (const timeout of [0, -1]) assert.equal(await (await waiter(condition, { timeout })).wait, false);
    await condition.runExclusive(() => condition.notify());
    assert.equal(await patient.wait, true);
  });

  test(`${name}: an aborted wait rejects with the reason, holding the lock, and hands its notification on`, async () => {
    const condition = new Condition(makeLock());
    const reason = new Error("enough");
    const controller = new AbortController();
    const first = await waiter(condition, { timeout: 20_000 });
    const aborted = await waiter(condition, { signal: controller.signal });
    const last = await waiter(condition, { timeout: 20_000 });
    await condition.runExclusive(() => {
      condition.notify(2);
      controller.abort(reason);
    });
    await assert.rejects(aborted.wait, reason);
    assert.deepEqual(await Promise.all([first.wait, last.wait]), [true, true]);
    await condition.runExclusive(() => assert.rejects(condition.wait({ signal: AbortSignal.abort(reason) }), reason));
    assert.equal(condition.lock.locked, false);
  });

  test(`${name}: who does not hold the lock can neither wait nor notify`, async () => {
    const condition = new Condition(makeLock());
    await assert.rejects(condition.wait(), StateError);
    await assert.rejects(
      condition.waitFor(() => true),
      StateError,
    );
    assert.throws(() => condition.waitSync(), StateError);
    assert.throws(() => condition.waitForSync(() => true), StateError);
    assert.throws(() => condition.notify(), StateError);
    assert.throws(() => condition.notifyAll(), StateError);
    assert.throws(() => condition.release(), StateError);
  });

  test(`${name}: waitFor() returns the last value of the predicate, which it asks before it waits`, async () => {
    const condition = new Condition(makeLock());
    await condition.runExclusive(async () => {
      assert.equal(await condition.waitFor(() => "ready"), "ready");
      assert.equal(await condition.waitFor(() => 0, { timeout: 1 }), 0);
      assert.equal(await condition.waitFor(() => null, { timeout: -1 }), null);
      assert.equal(
        condition.waitForSync(() => "ready"),
        "ready",
      );
      assert.equal(
        condition.waitForSync(() => "", { timeout: 1 }),
        "",
      );
    });
    let items = 0;
    const consumer = condition.runExclusive(() => condition.waitFor(async () => await Promise.resolve(items), { timeout: 20_000 }));
    for (let i = 0; i < 3; i++) await condition.runExclusive(() => condition.notifyAll());
    await condition.runExclusive(() => {
      items = 5;
      condition.notifyAll();
    });
    assert.equal(await consumer, 5);
    await assert.rejects(
      condition.runExclusive(() => condition.waitFor(() => assert.fail("thrown"))),
      /thrown/,
    );
    assert.equal(condition.lock.locked, false);
  });
}

test("Condition.wait() releases all levels of a recursive lock, and takes them again", async () => {
  const condition = new Condition();
  const waiting = condition.runExclusive(async () => {
    using second = await condition.acquire();
    using third = await condition.acquire();
    assert.equal(await condition.wait({ timeout: 20_000 }), true);
    assert.equal(condition.lock.locked, true);
    assert.ok(second.isHeld && third.isHeld);
  });
  await turn();
  await condition.runExclusive(() => condition.notify());
  await waiting;
  assert.equal(condition.lock.locked, false);
});

test("Condition: counts and locks that cannot be are refused", async () => {
  const condition = new Condition();
  await condition.runExclusive(() => {
    for (const count of [-1, 1.5, NaN]) assert.throws(() => condition.notify(count), RangeError);
  });
  assert.throws(() => new Condition({} as Lock), TypeError);
  await assert.rejects(
    condition.runExclusive(() => condition.wait({ timeout: "1" as unknown as number })),
    TypeError,
  );
});

test("a condition that comes back through its handle is the same object, with the same lock", () => {
  for (const lock of [new Lock(), new RLock()]) {
    const condition = new Condition(lock);
    const { kind, data } = condition[handleOf]();
    assert.equal(kind, "condition");
    const back = fromHandle(structuredClone(data));
    assert.equal(back, condition);
    assert.equal(back.lock, lock);
  }
  assert.throws(() => fromHandle({ location: 1 }), /malformed/);
});

test("Condition.waitForSync() refuses a predicate that returns a promise", () => {
  const condition = new Condition();
  const held = condition.acquireSync();
  assert.throws(() => condition.waitForSync(async () => false), StateError);
  held.release();
});
