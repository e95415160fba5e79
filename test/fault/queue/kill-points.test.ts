/**
 * Kills processes at every instruction that is marked in the queue, while others go on. `ROUNDS` and `SEED` in the
 * environment say how often, and which ones after the first pass over all points.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { JoinableQueue, Queue } from "manyhands";
import { handleOf, type Shareable } from "#lib/memory/handle.js";
import { reap } from "#lib/memory/reap.js";
import { session, sessionEnvironment } from "#lib/memory/session.js";
import { end } from "../memory/children.js";
import { findPoints, Random, roundsOr, seed } from "../memory/random-kills.js";

const rounds = roundsOr(15);
const points = findPoints(["queue/", "memory/extents.ts"]);
/** Passed by those who shut a queue down; tested below. */
const shutdownPoint = "queue.shut";
/** Passed by those who finish what they leased; tested below. */
const removalPoint = "extents.removed";
/** Passed by those who lease; tested below. */
const leasePoints = points.filter((point) => point.startsWith("leases."));
const forwardingPoints = points.filter((point) => point !== shutdownPoint && point !== removalPoint && !leasePoints.includes(point));
const itemCount = 300;

interface Item {
  readonly number: number;
  readonly filling: string;
}

test("the queue has points to be killed at", () => {
  assert.ok(points.length >= 12, points.join());
  assert.ok(points.includes(shutdownPoint));
});

for (const point of forwardingPoints) {
  test(`a process killed at ${point} loses at most the item it had, and holds up nobody`, () => pass(point, 0));
}

test(`processes killed at ${rounds} random points lose at most the items they had (SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  for (let round = 0; round < rounds; round++) {
    await pass(random.pick(forwardingPoints), random.below(100), { mayEnd: true });
  }
});

for (const point of [
  "leases.begun",
  "leases.finished",
  "leases.returned",
  "queue.taken",
  "queue.appended",
  "extents.drafting",
  removalPoint,
]) {
  test(`a process that leases, killed at ${point}, loses nothing, and what it had goes back`, () =>
    passLeases("lease", { point, mayLose: 0 }));
}

test("a process killed at leases.taken loses at most the item it had", () =>
  passLeases("leaseAndGet", { point: "leases.taken", mayLose: 1 }));

for (const point of ["leases.begun", "leases.returned", "queue.taken"]) {
  test(`the only item of a queue comes back when its lessee was killed at ${point}`, async () => {
    const [from, into] = [new Queue<Item>(), new Queue<Item>()];
    await from.put(makeItem(50));
    assert.equal(await end(start("lease", { from, into }, { killPoint: point })), "SIGKILL");
    assert.deepEqual(await from.get({ timeout: 60_000 }), makeItem(50));
    // Used to the end: a handle that is made by hand keeps nothing, and what nobody uses may be collected.
    assert.equal(from.size, 0);
    assert.ok(into.size <= 1);
  });
}

for (const point of ["queue.created", "queue.grown", "queue.appended", "queue.put", "queue.read", "queue.taken"]) {
  test(`a process killed at ${point} while chunks are emptied and filled again loses at most the item it had`, async () => {
    const from = new Queue<Item>();
    const count = 2_000;
    const large = (number: number): Item => ({ number, filling: "0123456789".repeat(200) });
    for (let number = 0; number < count; number++) await from.put(large(number));
    // The queue is put around several times: some chunks are new, most come back.
    const isRare = point === "queue.created" || point === "queue.grown";
    const skip = point === "queue.created" ? 0 : isRare ? 9 : 4 * count;
    assert.equal(await end(start("turnOver", { from, into: from }, { killPoint: point, skip })), "SIGKILL");
    const heir = start("turnOver", { from, into: from }, { killPoint: "queue.put", skip: 3 * count });
    assert.equal(await end(heir), "SIGKILL");
    const numbers = new Set<number>();
    for (const left = from.size; numbers.size < left;) {
      const item = from.getSync();
      assert.deepEqual(item, large(item.number));
      assert.equal(numbers.has(item.number), false, `${item.number} twice`);
      numbers.add(item.number);
    }
    assert.equal(from.size, 0);
    assert.ok(numbers.size >= count - 1, `${count - numbers.size} lost`);
    reap();
  });
}

for (const point of [removalPoint, "leases.finished"]) {
  test(`an item that was finished by a process killed at ${point} is not counted again`, async () => {
    const from = new Queue<Item>();
    await from.put(makeItem(1));
    const into = new Queue<Item>();
    assert.equal(await end(start("lease", { from, into }, { killPoint: point })), "SIGKILL");
    assert.ok(into.size <= 1);
    await assert.rejects(from.get({ timeout: 200 }), { code: "ERR_EMPTY" });
    assert.equal(from.size, 0);
  });
}

test("what a dead process had leased comes back while the queue is busy", async () => {
  const from = new Queue<Item>();
  await from.put(makeItem(1));
  const into = new Queue<Item>();
  assert.equal(await end(start("lease", { from, into }, { killPoint: "queue.taken" })), "SIGKILL");
  assert.ok(into.size <= 1);
  const numbers = new Set<number>();
  for (let round = 0; round < 100_000 && !numbers.has(1); round++) {
    await from.put(makeItem(2));
    await from.put(makeItem(2));
    numbers.add((await from.get()).number);
  }
  assert.ok(numbers.has(1));
});

test("all points of leases are among these", () => {
  assert.deepEqual(leasePoints, ["leases.begun", "leases.finished", "leases.returned", "leases.taken"]);
});

test("whoever waits is woken when the process that shuts the queue down is killed before it wakes anybody", async () => {
  const from = new JoinableQueue();
  const into = new JoinableQueue();
  const get = from.get();
  const refused = assert.rejects(get, { code: "ERR_CLOSED" });
  assert.equal(await end(start("shutDown", { from, into }, { killPoint: shutdownPoint })), "SIGKILL");
  await refused;
});

for (const point of ["queue.read", "queue.taken", "accounts.closed", "accounts.taking", "queue.finished"]) {
  test(`join() does not wait for the first item of a process killed at ${point}, which nobody else has taken from`, async () => {
    const from = new JoinableQueue<Item>();
    await from.put(makeItem(1));
    assert.equal(await end(start("forward", { from, into: new JoinableQueue() }, { killPoint: point })), "SIGKILL");
    if (point === "queue.read") {
      assert.equal(from.size, 1);
      from.getSync();
      from.taskDone();
    }
    assert.equal(from.size, 0);
    assert.equal(await from.join({ timeout: 60_000 }), true);
    assert.throws(() => from.taskDone(), { code: "ERR_STATE" });
  });
}

test("a consumer that is killed while it waits gets nothing", async () => {
  const from = new JoinableQueue();
  const into = new JoinableQueue();
  const waiter = start("wait", { from, into });
  await into.get({ timeout: 60_000 });
  waiter.kill("SIGKILL");
  await end(waiter);
  const second = start("forward", { from, into });
  await from.put(1);
  assert.equal(await into.get({ timeout: 60_000 }), 1);
  await from.put(null);
  assert.equal(await end(second), 0);
});

/** Sends items through two processes, the first of which dies at `point`. */
async function pass(point: string, skip: number, { mayEnd = false } = {}): Promise<void> {
  const from = new JoinableQueue<Item | null>();
  // With a limit, processes wait for each other; without one and a receiver that comes late, the queue grows.
  const isLimited = point.startsWith("signal.");
  const into = new JoinableQueue<Item>({ maxSize: isLimited ? 20 : 0 });
  for (let number = 0; number < itemCount / 2; number++) await from.put(makeItem(number));
  const victim = start("forward", { from, into }, { killPoint: point, skip });
  const early = isLimited ? receive(into) : undefined;
  for (let number = itemCount / 2; number < itemCount; number++) await from.put(makeItem(number));
  if (mayEnd) await from.put(null);
  const ending = await end(victim);
  if (!mayEnd || ending !== 0) assert.equal(ending, "SIGKILL", `at ${point}`);
  reap(victim.pid);
  const received = early ?? receive(into);
  const heir = start("forward", { from, into });
  await from.put(null);
  assert.equal(await end(heir), 0, `after a kill at ${point}`);
  // The end that was meant for the victim, if the victim did not take it.
  for (; !from.isEmpty; from.taskDone()) assert.equal(from.getSync(), null);
  assert.equal(await from.join({ timeout: 60_000 }), true, `after a kill at ${point}`);
  into.shutdown();
  const numbers = await received;
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
    "in order, and none twice",
  );
  const lost = Array.from({ length: itemCount }, (_, number) => number).filter((number) => !numbers.includes(number));
  assert.ok(lost.length <= (ending === 0 ? 0 : 1), `lost ${lost.join()} at ${point}`);
  from.shutdown({ immediate: true });
  const left = readdirSync(session().folder).filter((name) => /^segment-\d+\.d/.test(name));
  assert.deepEqual(left, [], "no drafts");
}

/** Sends items through a process that leases them and dies at `point`, then through another. */
async function passLeases(action: string, { point, mayLose }: { readonly point: string; readonly mayLose: number }): Promise<void> {
  const from = new Queue<Item | null>();
  const into = new Queue<Item>();
  for (let number = 0; number < itemCount; number++) await from.put(makeItem(number));
  const victim = start(action, { from, into }, { killPoint: point, skip: 20 });
  assert.equal(await end(victim), "SIGKILL");
  const heir = start("lease", { from, into });
  const numbers: number[] = [];
  // Whatever the victim had comes back while the heir waits for it.
  while (new Set(numbers).size < itemCount - mayLose) {
    const item = await into.get({ timeout: 60_000 });
    assert.deepEqual(item, makeItem(item.number));
    numbers.push(item.number);
  }
  await from.put(null);
  assert.equal(await end(heir), 0);
  while (!into.isEmpty) numbers.push((await into.get()).number);
  assert.ok(numbers.length - new Set(numbers).size <= 1, "one item twice, at most");
  assert.equal(from.size, 0);
  reap(victim.pid);
  from.shutdown({ immediate: true });
}

async function receive(queue: JoinableQueue<Item>): Promise<number[]> {
  const numbers: number[] = [];
  for await (const item of queue) {
    assert.deepEqual(item, makeItem(item.number));
    numbers.push(item.number);
  }
  return numbers;
}

function makeItem(number: number): Item {
  return { number, filling: "0123456789".repeat(number % 50 === 0 ? 5_000 : number % 3 === 0 ? 400 : 0) };
}

function start(
  action: string,
  queues: { readonly from: Shareable; readonly into: Shareable },
  options: { readonly killPoint?: string; readonly skip?: number } = {},
): ChildProcess {
  const loader = options.killPoint === undefined ? [] : ["--import", new URL("../memory/kill-point-loader.js", import.meta.url).href];
  const argument = Object.fromEntries(Object.entries(queues).map(([name, queue]) => [name, queue[handleOf]().data]));
  return spawn(process.execPath, [...loader, new URL("./victim.js", import.meta.url).pathname, action, JSON.stringify(argument)], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...sessionEnvironment(), KILL_POINT: options.killPoint, KILL_POINT_SKIP: String(options.skip ?? 0) },
  });
}
