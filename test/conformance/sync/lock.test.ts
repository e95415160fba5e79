import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Event, Lock, RLock, Semaphore, StateError } from "manyhands";
import { forEachBackend, patience } from "./backends.js";

/** Adds 1 so many times to the number in a file, which only the lock protects; every second time without blocking. */
async function count(lock: Lock | RLock, path: string, times: number): Promise<void> {
  const add = (): void => writeFileSync(path, String(Number(readFileSync(path, "utf8")) + 1));
  for (let time = 0; time < times; time++) {
    if (time % 2 === 0) {
      await lock.runExclusive(add);
      continue;
    }
    const held = lock.acquireSync();
    add();
    held.release();
  }
}

/** How often it got the lock until the event was set; says so the first time. */
async function contend(lock: Lock, started: Semaphore, stop: Event): Promise<number> {
  let got = 0;
  while (!stop.isSet) {
    const held = got % 3 === 0 ? await lock.acquire() : lock.acquireSync();
    if (++got === 1) started.release();
    held.release();
  }
  return got;
}

forEachBackend("Lock and RLock", ({ start }) => {
  for (const make of [() => new Lock(), () => new RLock()]) {
    const name = make().constructor.name;

    test(`${name}: 4 x 2,000 locked increments are exact`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "locked-counter-"));
      try {
        const path = join(folder, "count");
        writeFileSync(path, "0");
        const lock = make();
        const children = Array.from({ length: 4 }, () => start(count, [lock, path, 2000]));
        for (const child of children) await child.result();
        assert.equal(readFileSync(path, "utf8"), "8000");
        assert.equal(lock.locked, false);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    test(`${name}: what another one holds cannot be had, at once or in time`, async () => {
      const lock = make();
      const [held, done] = [new Event(), new Event()];
      const holder = start(
        async (theirs: Lock | RLock, isHeld: Event, isDone: Event) => {
          const guard = await theirs.acquire();
          isHeld.set();
          await isDone.wait();
          guard.release();
        },
        [lock, held, done],
      );
      assert.ok(await held.wait(patience));
      assert.equal(lock.locked, true);
      assert.equal(lock.tryAcquire(), undefined);
      for (const timeout of [-1, 0, 5]) {
        assert.equal(await lock.acquire({ timeout }), undefined);
        assert.equal(lock.acquireSync({ timeout }), undefined);
      }
      const waiting = lock.acquire(patience);
      done.set();
      const guard = await waiting;
      assert.equal(guard?.abandoned, false);
      guard?.release();
      assert.equal(await holder.join(), 0);
    });
  }

  test("Lock.release() releases what another one has acquired", async () => {
    const lock = new Lock();
    await lock.acquire();
    await start((theirs: Lock) => theirs.release(), [lock]).result();
    assert.equal(lock.locked, false);
  });

  test("RLock.release() throws StateError for another one", async () => {
    const lock = new RLock();
    await lock.acquire();
    const child = start(
      (theirs: RLock) => {
        try {
          theirs.release();
        } catch (error) {
          return error;
        }
        return undefined;
      },
      [lock],
    );
    assert.ok((await child.result()) instanceof StateError);
    assert.equal(lock.locked, true);
    lock.release();
  });

  test("RLock: one that was sent is recursive where it arrives", async () => {
    const lock = new RLock();
    const depth = await start(
      async (theirs: RLock) => {
        const guards = [await theirs.acquire(), theirs.acquireSync(), await theirs.acquire({ timeout: 0 }), theirs.tryAcquire()];
        for (const guard of guards) guard?.release();
        return guards.filter((guard) => guard !== undefined).length;
      },
      [lock],
    ).result();
    assert.equal(depth, 4);
    assert.equal(lock.locked, false);
  });

  test("Lock: nobody starves while 8 contend", async () => {
    const lock = new Lock();
    const [started, stop] = [new Semaphore(0), new Event()];
    const children = Array.from({ length: 8 }, () => start(contend, [lock, started, stop]));
    for (let i = 0; i < 8; i++) assert.ok(await started.acquire(patience), "somebody never got the lock");
    stop.set();
    for (const child of children) assert.ok((await child.result()) > 0);
  });

  test("shared objects travel in bigger values, as captured variables, and back as the same objects", async () => {
    const lock = new Lock();
    const event = new Event();
    const captured = start(() => {
      event.set();
      return { lock, list: [event, event] };
    }, []);
    const back = await captured.result();
    assert.equal(event.isSet, true);
    assert.equal(back.lock, lock);
    assert.deepEqual(
      back.list.map((one) => one === event),
      [true, true],
    );
    const maker = start(
      (map: Map<string, Set<Lock>>) => {
        const fresh = new Lock();
        fresh.acquireSync();
        const [given] = map.get("locks") ?? [];
        given?.acquireSync();
        return fresh;
      },
      [new Map([["locks", new Set([lock])]])],
    );
    const made = await maker.result();
    assert.equal(await maker.join(), 0);
    assert.equal((await lock.acquire(patience))?.abandoned, true);
    assert.equal((await made.acquire(patience))?.abandoned, true);
  });
});
