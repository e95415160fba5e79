/**
 * Kills processes at every instruction that is marked in the primitives, while others go on.
 * `ROUNDS` and `SEED` in the environment say how often, and which ones, after the first pass over all points.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { after, test } from "node:test";
import { BrokenBarrierError } from "#lib/errors.js";
import { membership } from "#lib/memory/membership.js";
import { reap } from "#lib/memory/reap.js";
import { Barrier } from "#lib/sync/barrier.js";
import { Condition } from "#lib/sync/condition.js";
import { Event } from "#lib/sync/event.js";
import { Lock } from "#lib/sync/lock.js";
import { Semaphore } from "#lib/sync/semaphore.js";
import { end, said, start } from "../memory/children.js";
import { findPoints, Random, roundsOr, seed } from "../memory/random-kills.js";
import { give } from "./actor.js";
import { stopWaiter } from "./stop-waiter.js";

const rounds = roundsOr(20);
const program = new URL("./actor.js", import.meta.url);
const patience = { timeout: 60_000 };
const points = findPoints(["sync/"]);

/** Where a process is to be killed; `mayEnd`: unless it ends before. */
interface Death {
  readonly killPoint: string;
  readonly skip?: number;
  readonly mayEnd?: boolean;
}

/** Has a process killed while it works with some primitive, and checks that the others can go on. True when it was killed. */
type Scenario = (death: Death) => Promise<boolean>;

const scenarios: Readonly<Record<string, Scenario>> = { permits, waiters, condition: waiters, rendezvous, barrier: rendezvous, event };

after(() => {
  reap();
  const { registry, self } = membership();
  assert.deepEqual(
    registry.participants().map(({ id }) => id),
    [self.id],
  );
});

test("the primitives have points to be killed at, each with a scenario", () => {
  assert.ok(points.length > 15, points.join());
  for (const point of points) assert.ok(scenarioOf(point), point);
});

for (const point of points) {
  test(`everything goes on after a process was killed at ${point}`, async () => {
    assert.equal(await scenarioOf(point)?.({ killPoint: point }), true);
  });
}

test("a signal that was given counts, even if the process is killed before it has counted it", async () => {
  const done = new Semaphore(0);
  const death = { killPoint: "permits.given-back", skip: 7 };
  assert.ok(await killedAt(start("signal", give({ done }, 100), { program, ...death }), death));
  for (let signal = 0; signal < 8; signal++) assert.ok(await done.acquire(patience), `signal ${signal}`);
  assert.equal(await done.acquire({ timeout: 50 }), undefined);
});

test(`everything goes on after ${rounds} random kills (SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  const deep = ["mutex.taken", "mutex.announced", "mutex.sleeping", "mutex.released", "words.wake", "words.registered"];
  let killed = 0;
  for (let round = 0; round < rounds; round++) {
    const point = random.pick(points);
    const killPoint = random.next() < 0.3 ? random.pick(deep) : point;
    if (await scenarioOf(point)?.({ killPoint, skip: random.below(30), mayEnd: true })) killed++;
  }
  assert.ok(killed > 0);
});

async function permits(death: Death): Promise<boolean> {
  const [semaphore, done] = [new Semaphore(2), new Semaphore(0)];
  // Somebody dead who holds a permit, and whom the victim finds.
  const dead = start("hold", give({ semaphore }), { program });
  await said(dead);
  await kill(dead);
  const victim = start("takeBoth", give({ semaphore, done }, roundsFor(death)), { program, ...death });
  // With a rival from the start the victim might not be the one that finds the dead.
  const isRivalled = death.mayEnd === true;
  const rival = isRivalled ? start("takeOne", give({ semaphore }), { program }) : undefined;
  const isKilled = await killedAt(victim, death);
  const both = [await semaphore.acquire(patience), semaphore.acquireSync(patience)];
  assert.ok(
    both.every((guard) => guard !== undefined),
    `a permit was lost at ${death.killPoint}`,
  );
  assert.equal(semaphore.tryAcquire(), undefined, `a permit was won at ${death.killPoint}`);
  for (const guard of both) guard?.release();
  if (rival !== undefined) await kill(rival);
  await semaphore.acquire(patience);
  await semaphore.acquire(patience);
  done.release();
  assert.ok(done.tryAcquire());
  return isKilled;
}

async function waiters(death: Death): Promise<boolean> {
  const [condition, done] = [new Condition(new Lock()), new Semaphore(0)];
  // Somebody dead who was notified, and whom the victim finds; and somebody alive who waits.
  const [dead, listener] = [
    start("listen", give({ condition, done }), { program }),
    start("listen", give({ condition, done }), { program }),
  ];
  await said(dead);
  await said(listener);
  await condition.runExclusive(() => {});
  await stopWaiter(dead, condition);
  if (death.killPoint === "waiters.rescued") await stopWaiter(listener, condition);
  await condition.runExclusive(() => condition.notify(2));
  await kill(dead);
  const victim = start("converse", give({ condition }, roundsFor(death)), { program, ...death });
  const isKilled = await killedAt(victim, death);
  listener.kill("SIGCONT");
  assert.ok(await condition.acquire(patience), `the lock was lost at ${death.killPoint}`);
  condition.release();
  // What the listener has heard so far does not count.
  while (done.tryAcquire() !== undefined);
  for (const deadline = Date.now() + patience.timeout; ;) {
    await condition.runExclusive(() => condition.notify());
    if ((await done.acquire({ timeout: 100 })) !== undefined) break;
    assert.ok(Date.now() < deadline, `nobody hears after a kill at ${death.killPoint}`);
  }
  await kill(listener);
  return isKilled;
}

async function rendezvous(death: Death): Promise<boolean> {
  const [barrier, done] = [new Barrier(3, { action: () => undefined }), new Semaphore(0)];
  const partner = start("meet", give({ barrier, done }), { program });
  const action = ["rendezvous.breaking", "rendezvous.broken"].includes(death.killPoint) && !death.mayEnd ? "abort" : "meet";
  const victim = start(action, give({ barrier, done }, 1e9), { program, ...death });
  if (death.mayEnd === true) endInTime(victim, barrier, death.skip ?? 0);
  const began = Date.now();
  await assert.rejects(async () => {
    for (;;) await barrier.wait(patience);
  }, BrokenBarrierError);
  assert.ok(Date.now() - began < patience.timeout, `nobody noticed a kill at ${death.killPoint}`);
  assert.equal(await end(victim), "SIGKILL");
  barrier.reset();
  const newcomer = start("meet", give({ barrier, done }), { program });
  for (let round = 0; round < 3; round++) await barrier.wait(patience);
  for (const child of [partner, newcomer]) await kill(child);
  return true;
}

/** Kills a process that may never come to the instruction at which it is to be killed. One that never arrived cannot be missed. */
function endInTime(victim: ChildProcess, barrier: Barrier, milliseconds: number): void {
  let hasMet = false;
  victim.stdout?.once("data", () => {
    hasMet = true;
    setTimeout(() => victim.kill("SIGKILL"), milliseconds);
  });
  victim.once("exit", () => {
    if (!hasMet) setTimeout(() => barrier.abort(), 1000);
  });
}

async function event(death: Death): Promise<boolean> {
  const [flag, done] = [new Event(), new Semaphore(0)];
  const partner = start("waitForEvent", give({ event: flag, done }), { program });
  await said(partner);
  const own = flag.wait(patience);
  const victim = start(death.killPoint === "event.sleeping" ? "waitForEvent" : "set", give({ event: flag, done }), { program, ...death });
  const isKilled = await killedAt(victim, death);
  if (death.killPoint !== "event.set") flag.set();
  assert.equal(await own, true);
  assert.equal(await end(partner), 0);
  return isKilled;
}

function scenarioOf(point: string): Scenario | undefined {
  return scenarios[point.split(".")[0] ?? ""];
}

/** Enough to come to any point, or so few that it ends. */
function roundsFor({ mayEnd }: Death): number {
  return mayEnd === true ? 40 : 1e9;
}

async function killedAt(victim: ChildProcess, { killPoint, mayEnd }: Death): Promise<boolean> {
  const ending = await end(victim);
  if (mayEnd !== true || ending !== 0) assert.equal(ending, "SIGKILL", `at ${killPoint}`);
  return ending === "SIGKILL";
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await end(child);
}
