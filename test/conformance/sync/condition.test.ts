import assert from "node:assert/strict";
import { test } from "node:test";
import { Condition, Lock, RLock, Semaphore, SharedValue, StateError } from "manyhands";
import { forEachBackend, patience } from "./backends.js";

/** Waits once, blocking or not; says when it waits and when it was notified. */
async function waitOnce(condition: Condition, blocks: boolean, waiting: Semaphore, notified: Semaphore): Promise<boolean> {
  return await condition.runExclusive(async () => {
    waiting.release();
    const result = blocks ? condition.waitSync({ timeout: 60_000 }) : await condition.wait({ timeout: 60_000 });
    notified.release();
    return result;
  });
}

forEachBackend("Condition", ({ start }) => {
  for (const make of [() => new Lock(), () => new RLock()]) {
    test(`over ${make().constructor.name}: notify(n) lets so many go on, in whatever process they wait`, async () => {
      const condition = new Condition(make());
      const [waiting, notified] = [new Semaphore(0), new Semaphore(0)];
      const children = Array.from({ length: 5 }, (_, number) => start(waitOnce, [condition, number % 2 === 0, waiting, notified]));
      for (let i = 0; i < 5; i++) assert.ok(await waiting.acquire(patience));
      for (const count of [1, 2]) {
        // Whoever has said that it waits gives the lock back only when it does.
        await condition.runExclusive(() => condition.notify(count));
        for (let i = 0; i < count; i++) assert.ok(await notified.acquire(patience));
        assert.equal(await notified.acquire({ timeout: 30 }), undefined);
      }
      await condition.runExclusive(() => condition.notifyAll());
      for (const child of children) assert.equal(await child.result(), true);
      assert.equal(condition.lock.locked, false);
    });
  }

  test("a queue of 200 items between 2 producers and 2 consumers loses none", async () => {
    const condition = new Condition();
    // No semaphores: what one that has ended took would come back, though its items are still there.
    const [free, used] = [new SharedValue("int32", 3), new SharedValue("int32", 0)];
    const children = [0, 1].flatMap((number) => [
      start(
        async (changed: Condition, room: SharedValue<"int32">, items: SharedValue<"int32">, blocks: boolean) => {
          for (let i = 0; i < 100; i++) {
            const held = await changed.acquire();
            if (blocks) changed.waitForSync(() => room.value > 0);
            else await changed.waitFor(() => room.value > 0);
            room.value -= 1;
            items.value += 1;
            changed.notifyAll();
            held.release();
          }
        },
        [condition, free, used, number === 0],
      ),
      start(
        async (changed: Condition, room: SharedValue<"int32">, items: SharedValue<"int32">, blocks: boolean) => {
          for (let i = 0; i < 100; i++) {
            const held = await changed.acquire();
            if (blocks) changed.waitForSync(() => items.value > 0);
            else await changed.waitFor(() => items.value > 0);
            items.value -= 1;
            room.value += 1;
            changed.notifyAll();
            held.release();
          }
        },
        [condition, free, used, number === 0],
      ),
    ]);
    // All at once: the others would wait for ever for one that has failed.
    await Promise.all(children.map((child) => child.result()));
    assert.equal(free.value, 3);
    assert.equal(used.value, 0);
  });

  test("who does not hold the lock is refused, even if another one does", async () => {
    for (const lock of [new Lock(), new RLock()]) {
      const condition = new Condition(lock);
      await condition.runExclusive(async () => {
        const errors = await start(
          async (theirs: Condition) => {
            const notify = await Promise.resolve()
              .then(() => theirs.notify())
              .catch((error: unknown) => error);
            return [notify, await theirs.wait().catch((error: unknown) => error)];
          },
          [condition],
        ).result();
        assert.ok(errors.every((error) => error instanceof StateError));
      });
    }
  });
});
