/** Processes that are killed while they hold, wait for or are about to come to something. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { BrokenBarrierError } from "#lib/errors.js";
import { membership } from "#lib/memory/membership.js";
import { reap } from "#lib/memory/reap.js";
import { Barrier } from "#lib/sync/barrier.js";
import { Condition } from "#lib/sync/condition.js";
import { Event } from "#lib/sync/event.js";
import { Lock } from "#lib/sync/lock.js";
import { RLock } from "#lib/sync/rlock.js";
import { Semaphore } from "#lib/sync/semaphore.js";
import { end, said, start, until } from "../memory/children.js";
import { give } from "./actor.js";
import { stopWaiter } from "./stop-waiter.js";

const program = new URL("./actor.js", import.meta.url);
const patience = { timeout: 60_000 };
/** Far longer than a wake-up takes; only to see that something does not happen. */
const moment = { timeout: 300 };

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  assert.equal(await end(child), "SIGKILL");
}

/** Starts a process that waits for the condition, and returns when it does. */
async function listener(condition: Condition, done: Semaphore): Promise<ChildProcess> {
  const child = start("listen", give({ condition, done }, 1), { program });
  await said(child);
  // It has said so while it held the lock, which it gives back when it waits.
  await condition.runExclusive(() => {});
  return child;
}

after(() => {
  reap();
  const { registry, self } = membership();
  assert.deepEqual(
    registry.participants().map(({ id }) => id),
    [self.id],
  );
});

test("a recursive lock whose holder was killed passes on, and the guard says so", async () => {
  const rlock = new RLock();
  for (const acquire of [() => rlock.acquire(patience), () => Promise.resolve(rlock.acquireSync(patience))]) {
    const holder = start("hold", give({ rlock }), { program });
    await said(holder);
    assert.equal(rlock.tryAcquire(), undefined);
    await kill(holder);
    const held = await acquire();
    assert.equal(held?.abandoned, true);
    const again = await rlock.acquire();
    assert.equal(again.abandoned, false);
    again.release();
    held?.release();
    assert.equal(rlock.locked, false);
  }
});

test("a wait for a condition whose notifier is killed with the lock tells the guard that was held before", async () => {
  for (const lock of [new Lock(), new RLock()]) {
    const condition = new Condition(lock);
    for (const wait of [() => condition.wait(patience), () => Promise.resolve(condition.waitSync(patience))]) {
      const held = await condition.acquire();
      const notifier = start("notifyAndDie", give({ condition }), { program });
      assert.equal(await wait(), true);
      assert.equal(held.abandoned, true);
      held.release();
      const next = await condition.acquire();
      assert.equal(next.abandoned, false);
      next.release();
      assert.equal(await end(notifier), "SIGKILL");
    }
  }
});

test("what a guard was told in one wait stays true in the next, and is not said of another task's guard", async () => {
  for (const lock of [new Lock(), new RLock()]) {
    const condition = new Condition(lock);
    let isTheirTurn = (): void => {};
    const others = new Promise<void>((resolve) => (isTheirTurn = resolve)).then(() =>
      condition.runExclusive((held) => {
        condition.notify();
        return held.abandoned;
      }),
    );
    const held = await condition.acquire();
    const notifier = start("notifyAndDie", give({ condition }), { program });
    const told: boolean[] = [];
    await condition.waitFor(() => {
      if (told.push(held.abandoned) === 2) isTheirTurn();
      return told.length === 3;
    }, patience);
    held.release();
    assert.deepEqual(told, [false, true, true]);
    assert.equal(await others, false);
    assert.equal(await end(notifier), "SIGKILL");
  }
});

test("as many permits as the dead have held, so many of those who take one are told", async () => {
  const semaphore = new Semaphore(2);
  const holder = start("holdPermits", give({ semaphore }, 2), { program });
  await said(holder);
  const waiters = [0, 1].map(() => start("tellAbandoned", give({ semaphore }), { program }));
  await Promise.all(waiters.map(said));
  const answers = waiters.map(said);
  await kill(holder);
  for (const answer of answers) assert.equal((await answer).trim(), "abandoned");
  for (const waiter of waiters) assert.equal(await end(waiter), 0);
});

test("whoever asks for the state of something hears nothing of the dead", async () => {
  const lock = new Lock();
  const [rlock, semaphore, barrier, done] = [new RLock(), new Semaphore(3), new Barrier(3), new Semaphore(0)];
  const own = semaphore.acquireSync();
  const holder = start("hold", give({ lock, rlock, semaphore }), { program });
  const party = start("meet", give({ barrier, done }), { program });
  await said(holder);
  await until(() => barrier.waiting === 1, "a party that waits");
  assert.deepEqual([lock.locked, rlock.locked, semaphore.value, barrier.broken], [true, true, 1, false]);
  await kill(holder);
  await kill(party);
  assert.deepEqual([lock.locked, rlock.locked, semaphore.value], [false, false, 2]);
  assert.deepEqual([barrier.broken, barrier.waiting], [true, 0]);
  // Nothing is lost by asking: the next one that takes the lock is told.
  assert.equal(lock.tryAcquire()?.abandoned, true);
  assert.equal(lock.locked, true);
  barrier.reset();
  assert.deepEqual([barrier.broken, barrier.waiting], [false, 0]);
  own.release();
});

test("the permits of a holder that was killed come back, once each", async () => {
  const semaphore = new Semaphore(3);
  const own = semaphore.acquireSync();
  for (const acquire of [() => semaphore.acquire(patience), () => Promise.resolve(semaphore.acquireSync(patience))]) {
    const holders = [start("hold", give({ semaphore }), { program }), start("hold", give({ semaphore }), { program })];
    for (const holder of holders) await said(holder);
    assert.equal(semaphore.tryAcquire(), undefined);
    for (const holder of holders) await kill(holder);
    const guards = [await acquire(), await acquire()];
    assert.equal(guards[0]?.abandoned, true);
    assert.ok(guards[1]);
    assert.equal(await semaphore.acquire({ timeout: 50 }), undefined);
    for (const guard of guards) guard?.release();
    assert.equal(semaphore.value, 2);
  }
  own.release();
});

test("tryAcquire() finds the permits of the dead, too", async () => {
  const semaphore = new Semaphore(1);
  const holder = start("hold", give({ semaphore }), { program });
  await said(holder);
  await kill(holder);
  await until(() => semaphore.tryAcquire() !== undefined, "permit");
});

test("a process that was killed waiting for an event is forgotten", async () => {
  const [event, done] = [new Event(), new Semaphore(0)];
  const [victim, survivor] = [0, 1].map(() => start("waitForEvent", give({ event, done }), { program }));
  assert.ok(victim && survivor);
  await Promise.all([said(victim), said(survivor)]);
  await kill(victim);
  const own = event.wait(patience);
  event.set();
  assert.equal(await own, true);
  assert.equal(await end(survivor), 0);
  assert.equal(done.value, 1);
});

for (const makeLock of [() => new Lock(), () => new RLock()]) {
  const name = `a condition over ${makeLock().constructor.name}`;

  test(`${name}: a notification that goes to a waiter which was killed goes on to one other`, async () => {
    const [condition, done] = [new Condition(makeLock()), new Semaphore(0)];
    const victim = await listener(condition, done);
    const others = [await listener(condition, done), await listener(condition, done)];
    await kill(victim);
    await condition.runExclusive(() => condition.notify());
    assert.ok(await done.acquire(patience));
    assert.equal(await done.acquire(moment), undefined);
    await condition.runExclusive(() => condition.notifyAll());
    for (const other of others) assert.equal(await end(other), 0);
  });

  test(`${name}: a waiter that is killed after it was notified, before it could act, loses no notification`, async () => {
    const [condition, done] = [new Condition(makeLock()), new Semaphore(0)];
    const victim = await listener(condition, done);
    const other = await listener(condition, done);
    await stopWaiter(victim, condition);
    await condition.runExclusive(() => condition.notify());
    await kill(victim);
    assert.ok(await done.acquire(patience));
    assert.equal(await end(other), 0);
  });

  test(`${name}: what was notified to the dead is nothing to those who come later`, async () => {
    const [condition, done] = [new Condition(makeLock()), new Semaphore(0)];
    const victim = await listener(condition, done);
    await stopWaiter(victim, condition);
    await condition.runExclusive(() => condition.notify());
    await kill(victim);
    const late = await condition.runExclusive(() => condition.wait(moment));
    assert.equal(late, false);
  });
}

test("a barrier breaks for all when a party that has arrived is killed, until it is reset", async () => {
  const [barrier, done] = [new Barrier(4), new Semaphore(0)];
  const [victim, other] = [0, 1].map(() => start("meet", give({ barrier, done }), { program }));
  assert.ok(victim && other);
  await until(() => barrier.waiting === 2, "two parties");
  // Watched from the start: it may end before the victim is known to have.
  const own = assert.rejects(barrier.wait(), BrokenBarrierError);
  await kill(victim);
  await own;
  assert.equal(barrier.broken, true);
  await assert.rejects(barrier.wait(patience), BrokenBarrierError);
  assert.throws(() => barrier.waitSync(patience), BrokenBarrierError);
  barrier.reset();
  const newcomers = [0, 1].map(() => start("meet", give({ barrier, done }), { program }));
  await barrier.wait();
  for (let i = 0; i < 3; i++) assert.ok(await done.acquire(patience));
  for (const child of [other, ...newcomers]) await kill(child);
});

test("a barrier breaks when a party of the last round is killed before it comes to the next", async () => {
  for (const isReaped of [true, false]) {
    const barrier = new Barrier(2);
    const victim = start("meetAndStay", give({ barrier }, 1), { program });
    await barrier.wait(patience);
    await said(victim);
    await kill(victim);
    if (isReaped) reap(victim.pid);
    const began = Date.now();
    await assert.rejects(barrier.wait(patience), BrokenBarrierError);
    assert.ok(Date.now() - began < patience.timeout, "it broke since its time was over");
  }
});

test("a barrier that was reset does not ask after the dead of the last round", async () => {
  const [barrier, done] = [new Barrier(2), new Semaphore(0)];
  const victim = start("meetAndStay", give({ barrier }, 1), { program });
  await barrier.wait(patience);
  await said(victim);
  await kill(victim);
  barrier.reset();
  const wait = barrier.wait(patience);
  await delay(moment.timeout);
  const newcomer = start("meet", give({ barrier, done }, 1), { program });
  assert.equal(await wait, 0);
  assert.equal(await end(newcomer), 0);
});
