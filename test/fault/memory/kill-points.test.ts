/**
 * Kills processes at every instruction that is marked in the memory layers and in the lock, while others go on.
 * `ROUNDS` and `SEED` in the environment say how often, and which ones after the first pass over all points.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { allocator } from "#lib/memory/allocator.js";
import { Block } from "#lib/memory/block.js";
import { handleOf } from "#lib/memory/handle.js";
import { membership } from "#lib/memory/membership.js";
import { reap } from "#lib/memory/reap.js";
import { Lock } from "#lib/sync/lock.js";
import { end, said, start } from "./children.js";
import { findPoints, Random, roundsOr, seed } from "./random-kills.js";
import type { ChildProcess } from "node:child_process";

const rounds = roundsOr(15);

/** Points that only the founder of a session passes, which these victims are not; tested below. */
const founderPoints = new Set(["registry.drafted"]);
/** Points that only those pass who come across somebody dead before others do: they get a lock of their own, and many dead. */
const deathPoints = new Set(["mutex.recovered", "reap.forgotten"]);
/**
 * Extents and parcels are used by queues and pipes, whose own suites kill there; the dead are buried by newcomers where no place
 * is free: `crowd.test.ts`; a lock is passed on when its receiver is stopped: `stopped-receivers.test.ts`. What is on its way:
 * `on-the-way.test.ts`.
 */
const elsewhere = /^(extents|parcel|burial|consignment|cargo)\.|^(mutex\.passing-on|arena\.unlisted)$/;
const points = findPoints(["memory/"]).filter((point) => !elsewhere.test(point));

const lock = new Lock();
const counter = Block.allocate(64);
const given = (count: number): unknown => ({ lock: lock[handleOf]().data, counter: counter.send(), rounds: count });
let survivor: ChildProcess;

before(() => {
  survivor = start("churn", given(1e9));
});

after(async () => {
  survivor.kill("SIGKILL");
  await end(survivor);
});

test("the library has points to be killed at", () => {
  assert.ok(points.length > 15, points.join());
});

for (const point of points) {
  if (founderPoints.has(point) || deathPoints.has(point)) continue;
  test(`everything goes on after a process was killed at ${point}`, async () => {
    // Somebody dead who holds the lock, and whom the victim will find.
    const holder = start("hold", given(0));
    await said(holder);
    holder.kill("SIGKILL");
    await end(holder);
    await killOne(point, 0);
  });
}

for (const point of deathPoints) {
  test(`everything goes on after a process was killed at ${point}, which looked after another one's death`, async () => {
    const another = new Lock();
    const forAnother = (): unknown => ({ lock: another[handleOf]().data, counter: counter.send(), rounds: 0 });
    const victim = start("lookAfterTheDead", forAnother(), { killPoint: point });
    for (let death = 0; death < 200 && victim.exitCode === null && victim.signalCode === null; death++) {
      const holder = start("hold", forAnother());
      await said(holder);
      holder.kill("SIGKILL");
      await end(holder);
    }
    assert.equal(await end(victim), "SIGKILL");
    assert.ok(another.acquireSync({ timeout: 60_000 }));
    await survivorCounts(Atomics.load(counter.words.int32, counter.at));
    reap();
  });
}

test(`everything goes on after ${rounds} random kills (SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  const candidates = points.filter((name) => !founderPoints.has(name));
  let killed = 0;
  for (let round = 0; round < rounds; round++) {
    if (await killOne(random.pick(candidates), random.below(40), { mayEnd: true })) killed++;
  }
  assert.ok(killed > 0);
});

test("nothing is left of the dead: no slot, no block, no segment, no doorbell", async () => {
  survivor.kill("SIGKILL");
  await end(survivor);
  reap();
  allocator().sweep();
  const { registry, self, session } = membership();
  assert.deepEqual(
    registry.participants().map(({ id }) => id),
    [self.id],
  );
  const { blocks, segments } = allocator().usage();
  assert.ok(blocks <= 2 + deathPoints.size, `${blocks} blocks`);
  assert.equal(segments, 0);
  const files = readdirSync(session.folder).filter((name) => !name.startsWith("arena-") && name !== `bell-${self.id}`);
  assert.deepEqual(files, ["registry"]);
});

test("a founder that is killed while it makes the registry leaves a folder that the next program removes", () => {
  for (const point of ["registry.drafted", "segment.created"]) {
    const program = new URL("./founder.js", import.meta.url).pathname;
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "MANYHANDS_SESSION"));
    const loader = new URL("./kill-point-loader.js", import.meta.url).href;
    const killed = spawnSync(process.execPath, ["--import", loader, program], {
      encoding: "utf8",
      env: { ...environment, KILL_POINT: point },
    });
    assert.equal(killed.signal, "SIGKILL");
    assert.equal(existsSync(killed.stdout.trim()), true);
    const next = spawnSync(process.execPath, [program], { encoding: "utf8", env: environment });
    assert.equal(next.status, 0);
    assert.equal(existsSync(killed.stdout.trim()), false);
  }
});

/** Starts a process that dies at `point`, and checks that everybody else can go on. Says whether it did die there. */
async function killOne(point: string, skip: number, { mayEnd = false } = {}): Promise<boolean> {
  const victim = start("churn", given(mayEnd ? 60 : 1e6), { killPoint: point, skip });
  const ending = await end(victim);
  if (!mayEnd || ending !== 0) assert.equal(ending, "SIGKILL", `at ${point}`);
  const held = lock.acquireSync({ timeout: 60_000 });
  assert.ok(held, `the lock did not pass on after a kill at ${point}`);
  const count = Atomics.load(counter.words.int32, counter.at);
  held.release();
  await survivorCounts(count);
  reap(victim.pid);
  return ending === "SIGKILL";
}

async function survivorCounts(from: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Atomics.load(counter.words.int32, counter.at) === from) {
    assert.ok(Date.now() < deadline, "the surviving process does not get the lock any more");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
