/** What the processes of these tests do: `actor.js ACTION ARGUMENT`. They go on until they are killed, or have done `rounds`. */
import { writeSync } from "node:fs";
import { fromHandle as barrierFrom } from "#lib/sync/barrier.js";
import { fromHandle as conditionFrom } from "#lib/sync/condition.js";
import { fromHandle as eventFrom } from "#lib/sync/event.js";
import { fromHandle as lockFrom } from "#lib/sync/lock.js";
import { fromHandle as rlockFrom } from "#lib/sync/rlock.js";
import { fromHandle as semaphoreFrom } from "#lib/sync/semaphore.js";
import { handleOf, type Shareable } from "#lib/memory/handle.js";

/** The handles of a process's objects, as JSON. */
export interface Given {
  readonly lock?: unknown;
  readonly semaphore?: unknown;
  readonly condition?: unknown;
  readonly barrier?: unknown;
  readonly event?: unknown;
  readonly rlock?: unknown;
  /** A semaphore to release after each thing that happened. */
  readonly done?: unknown;
  readonly rounds?: number;
}

export function give(objects: Readonly<Record<string, Shareable>>, rounds = Infinity): Given {
  const handles = Object.entries(objects).map(([name, object]) => [name, object[handleOf]().data]);
  return { ...Object.fromEntries(handles), rounds: Math.min(rounds, 1e9) };
}

const actions: Readonly<Record<string, (given: Given, rounds: number) => void | Promise<void>>> = {
  /** Holds what it was given until it is killed. */
  hold({ lock, semaphore, rlock }) {
    if (lock !== undefined) lockFrom(lock).acquireSync();
    if (semaphore !== undefined) semaphoreFrom(semaphore).acquireSync();
    if (rlock !== undefined) rlockFrom(rlock).acquireSync();
    writeSync(1, "held\n");
    setInterval(() => {}, 1000);
  },
  /** Takes both of two permits, again and again, and counts with another semaphore. */
  async takeBoth({ semaphore, done }, rounds) {
    const [permits, signals] = [semaphoreFrom(semaphore), semaphoreFrom(done)];
    for (let round = 0; round < rounds; round++) {
      const first = await permits.acquire();
      // The first time it finds the dead, and is to sleep before that, however late it comes.
      const second = permits.acquireSync({ timeout: round === 0 ? 60_000 : 5 + (round % 40) });
      second?.release();
      first.release();
      signals.release();
      signals.tryAcquire();
    }
  },
  /** Takes one permit, again and again. */
  async takeOne({ semaphore }, rounds) {
    const permits = semaphoreFrom(semaphore);
    for (let round = 0; round < rounds; round++) (round % 2 === 0 ? permits.acquireSync() : await permits.acquire()).release();
  },
  /** Gives signals. */
  signal({ done }, rounds) {
    const signals = semaphoreFrom(done);
    for (let round = 0; round < rounds; round++) signals.release();
  },
  /** Waits to be notified, again and again; says when it is about to wait for the first time. */
  async listen({ condition, done }, rounds) {
    const [changed, heard] = [conditionFrom(condition), semaphoreFrom(done)];
    await changed.runExclusive(async () => {
      writeSync(1, "waits\n");
      for (let round = 0; round < rounds; round++) if (await changed.wait()) heard.release();
    });
  },
  /** Notifies, and is killed while it holds the lock. */
  notifyAndDie({ condition }) {
    const changed = conditionFrom(condition);
    changed.acquireSync();
    changed.notify();
    process.kill(process.pid, "SIGKILL");
  },
  /** Takes so many permits, and holds them. */
  holdPermits({ semaphore }, count) {
    for (let taken = 0; taken < count; taken++) semaphoreFrom(semaphore).acquireSync();
    writeSync(1, "held\n");
    setInterval(() => {}, 1000);
  },
  /** Waits for a permit, and says whether somebody had died with it. */
  tellAbandoned({ semaphore }) {
    writeSync(1, "waits\n");
    writeSync(1, semaphoreFrom(semaphore).acquireSync().abandoned ? "abandoned\n" : "acquired\n");
  },
  /** Notifies and waits a little, again and again. */
  async converse({ condition }, rounds) {
    const changed = conditionFrom(condition);
    for (let round = 0; round < rounds; round++) {
      await changed.runExclusive(async () => {
        changed.notify(1 + (round % 3));
        if (round % 2 === 0) changed.waitSync({ timeout: 2 });
        else await changed.wait({ timeout: 2 });
        changed.notifyAll();
      });
    }
  },
  /** Meets the others, again and again; says so; when the barrier is broken it waits for the next reset. */
  async meet({ barrier, done }, rounds) {
    const place = barrierFrom({ ...(barrier as object), action: () => undefined });
    const met = semaphoreFrom(done);
    for (let round = 0; round < rounds; round++) {
      try {
        if (round % 2 === 0) place.waitSync();
        else await place.wait();
        met.release();
        if (round === 0) writeSync(1, "met\n");
      } catch {
        while (place.broken) await new Promise((resolve) => setImmediate(resolve));
      }
    }
  },
  /** Meets the others so many times, then lives on. */
  async meetAndStay(given, rounds) {
    const place = barrierFrom(given.barrier);
    for (let round = 0; round < rounds; round++) await place.wait();
    writeSync(1, "met\n");
    setInterval(() => {}, 1000);
  },
  abort({ barrier }) {
    barrierFrom(barrier).abort();
  },
  set({ event }) {
    eventFrom(event).set();
  },
  /** Waits for the event, blocking, and says so. */
  waitForEvent({ event, done }) {
    const set = eventFrom(event);
    writeSync(1, "waits\n");
    set.waitSync();
    semaphoreFrom(done).release();
  },
};

const [, , action, argument] = process.argv;
if (action !== undefined && argument !== undefined) {
  const given = JSON.parse(argument) as Given;
  await actions[action]?.(given, given.rounds ?? 1);
}
