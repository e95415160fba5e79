import assert from "node:assert/strict";
import { test } from "node:test";
import { BoundedSemaphore, Event, Semaphore, StateError } from "manyhands";
import { forEachBackend, patience } from "./backends.js";

/** Holds a permit so many times; returns how often more than 3 did so at a time. */
async function hold(semaphore: Semaphore | BoundedSemaphore, inside: BoundedSemaphore, times: number): Promise<number> {
  let tooMany = 0;
  for (let time = 0; time < times; time++) {
    const held = time % 2 === 0 ? await semaphore.acquire() : semaphore.acquireSync();
    const place = inside.tryAcquire();
    if (place === undefined) tooMany++;
    if (time % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    place?.release();
    held.release();
  }
  return tooMany;
}

forEachBackend("Semaphore and BoundedSemaphore", ({ start }) => {
  for (const Kind of [Semaphore, BoundedSemaphore]) {
    test(`${Kind.name}(3): of 6 that contend, 3 hold a permit at most`, async () => {
      const semaphore = new Kind(3);
      const inside = new BoundedSemaphore(3);
      const children = Array.from({ length: 6 }, () => start(hold, [semaphore, inside, 500]));
      for (const child of children) assert.equal(await child.result(), 0);
      assert.equal(semaphore.value, 3);
      assert.equal(inside.value, 3);
    });
  }

  test("Semaphore(0): as many go on as are released, blocking or not", async () => {
    const [items, taken] = [new Semaphore(0), new Semaphore(0)];
    const consumers = [true, false, true, false].map((blocks) =>
      start(
        async (mayBlock: boolean, source: Semaphore, done: Semaphore) => {
          for (let i = 0; i < 50; i++) {
            if (mayBlock) source.acquireSync();
            else await source.acquire();
            done.release();
          }
        },
        [blocks, items, taken],
      ),
    );
    for (let i = 0; i < 200; i++) items.release();
    for (let i = 0; i < 200; i++) assert.ok(await taken.acquire(patience));
    for (const consumer of consumers) assert.equal(await consumer.join(), 0);
    assert.equal(items.value, 0);
    assert.equal(taken.tryAcquire(), undefined);
  });

  test("a permit that one takes can be released by another", async () => {
    const semaphore = new BoundedSemaphore(2);
    semaphore.acquireSync();
    const error = await start(
      (theirs: BoundedSemaphore) => {
        theirs.release();
        try {
          theirs.release();
        } catch (thrown) {
          return thrown;
        }
        return undefined;
      },
      [semaphore],
    ).result();
    assert.ok(error instanceof StateError);
    assert.equal(semaphore.value, 2);
  });

  test("permits of one that has ended come back", async () => {
    const semaphore = new Semaphore(3);
    const end = new Event();
    const child = start(
      async (theirs: Semaphore, isOver: Event) => {
        await theirs.acquire();
        await theirs.acquire();
        await isOver.wait();
      },
      [semaphore, end],
    );
    const own = await semaphore.acquire();
    while (semaphore.value > 0) await new Promise((resolve) => setImmediate(resolve));
    const waiting = semaphore.acquire(patience);
    end.set();
    assert.equal((await waiting)?.abandoned, true);
    assert.equal(await child.join(), 0);
    own.release();
    assert.equal(semaphore.value, 2);
  });

  test("Semaphore: nobody starves while 8 contend", async () => {
    const semaphore = new Semaphore(1);
    const [started, stop] = [new Semaphore(0), new Event()];
    const children = Array.from({ length: 8 }, () =>
      start(
        async (theirs: Semaphore, isStarted: Semaphore, isOver: Event) => {
          let got = 0;
          while (!isOver.isSet) {
            const held = got % 3 === 0 ? await theirs.acquire() : theirs.acquireSync();
            if (++got === 1) isStarted.release();
            held.release();
          }
          return got;
        },
        [semaphore, started, stop],
      ),
    );
    for (let i = 0; i < 8; i++) assert.ok(await started.acquire(patience), "somebody never got a permit");
    stop.set();
    for (const child of children) assert.ok((await child.result()) > 0);
    assert.equal(semaphore.value, 1);
  });
});
