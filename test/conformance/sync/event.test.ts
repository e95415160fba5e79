import assert from "node:assert/strict";
import { test } from "node:test";
import { Event, Lock, Semaphore } from "manyhands";
import { forEachBackend, patience } from "./backends.js";

forEachBackend("Event", ({ start }) => {
  test("Event.set() lets all go on who wait, blocking or not", async () => {
    const [event, waiting] = [new Event(), new Semaphore(0)];
    const children = Array.from({ length: 4 }, (_, number) =>
      start(
        async (blocks: boolean, theirs: Event, isWaiting: Semaphore) => {
          const waits = blocks ? [] : Array.from({ length: 25 }, () => theirs.wait());
          isWaiting.release();
          return blocks ? [theirs.waitSync()] : await Promise.all(waits);
        },
        [number % 2 === 0, event, waiting],
      ),
    );
    for (let i = 0; i < 4; i++) assert.ok(await waiting.acquire(patience));
    event.set();
    for (const child of children) assert.ok((await child.result()).every((isSet) => isSet === true));
  });

  test("Event.wait() is false in time, and an event that one sets and clears is so for all", async () => {
    const event = new Event();
    const change = (theirs: Event, isSet: boolean): void => (isSet ? theirs.set() : theirs.clear());
    assert.equal(await event.wait({ timeout: 5 }), false);
    await start(change, [event, true]).result();
    assert.equal(event.isSet, true);
    assert.equal(event.waitSync(), true);
    await start(change, [event, false]).result();
    assert.equal(await event.wait({ timeout: -1 }), false);
    assert.equal(event.waitSync({ timeout: 5 }), false);
  });

  test("what was written before set() is seen after the wait: two play ball 500 times", async () => {
    const [there, back] = [new Event(), new Event()];
    const child = start(
      async (toMe: Event, toThem: Event) => {
        for (let round = 0; round < 500; round++) {
          if (round % 2 === 0) await toMe.wait();
          else toMe.waitSync();
          toMe.clear();
          toThem.set();
        }
      },
      [there, back],
    );
    for (let round = 0; round < 500; round++) {
      there.set();
      assert.ok(await back.wait(patience));
      back.clear();
    }
    assert.equal(await child.join(), 0);
  });

  test("workers take a lock in turn and wait for an event", async () => {
    const [lock, event, acquired] = [new Lock(), new Event(), new Semaphore(0)];
    const worker = async (theirLock: Lock, theirEvent: Event, isAcquired: Semaphore, id: number): Promise<string[]> => {
      const lines: string[] = [];
      await theirLock.runExclusive(() => lines.push(`Worker ${id} acquired the lock`));
      isAcquired.release();
      await theirEvent.wait();
      lines.push(`Worker ${id} received event signal`);
      return lines;
    };
    const workers = [0, 1].map((id) => start(worker, [lock, event, acquired, id]));
    for (let i = 0; i < 2; i++) assert.ok(await acquired.acquire(patience));
    event.set();
    assert.deepEqual(
      await Promise.all(workers.map((one) => one.result())),
      [0, 1].map((id) => [`Worker ${id} acquired the lock`, `Worker ${id} received event signal`]),
    );
  });
});
