/**
 * Shared objects that are in no program, but on their way: they wait for their receiver as long as that takes, whoever has died,
 * and nothing is left of them when nobody can receive them any more.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Lock, Pipe, Process, Queue, SharedValue, WorkerDiedError } from "manyhands";
import { allocator } from "#lib/memory/allocator.js";
import { handleOf, type Shareable } from "#lib/memory/handle.js";
import { reap } from "#lib/memory/reap.js";
import { messageCodec } from "#lib/ship/codec.js";
import { end, start } from "./children.js";
import { makeItem, type Item } from "./items.js";
import { findPoints, Random, roundsOr, seed } from "./random-kills.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const rounds = roundsOr(5);
const program = new URL("./carrier.js", import.meta.url);
const patience = { timeout: 60_000 };
const itemCount = 60;
const own = findPoints(["memory/consignments.ts", "memory/cargo.ts"]);
/** Passed by workers that answer, and by those that read what they were sent; tested below. */
const answerPoint = "consignment.sent";
const readPoint = "consignment.emptied";
const common = own.filter((point) => point !== answerPoint && point !== readPoint);
const points = {
  queue: [...common, "arena.unlisted", "arena.freeing", "arena.released", "queue.appended", "queue.put", "queue.read", "queue.taken"],
  lease: ["consignment.claimed", "cargo.unloading", "leases.begun", "leases.finished", "leases.returned"],
  pipe: ["consignment.loaded", "consignment.claimed", "cargo.unloading", "ring.writing", "ring.written", "ring.reading"],
};

test("there are points to be killed at", () => {
  assert.ok(own.length >= 7, own.join());
  assert.ok(own.includes(answerPoint) && own.includes(readPoint));
});

test("a queue keeps the locks of a producer that has ended, and so has let go of them", async () => {
  await leavingNothing(async () => {
    const queue = new Queue<Item>();
    const producer = begin("produce", { from: queue, into: queue });
    assert.equal(await end(producer), 0);
    reap();
    allocator().sweep();
    assert.equal(queue.size, itemCount);
    for (let number = 0; number < itemCount; number++) check(await queue.get(), number);
  });
});

test("a queue keeps the locks of a producer that was killed, and goes with them when it is dropped", async () => {
  await leavingNothing(async () => {
    const queue = new Queue<Item>();
    const producer = begin("produce", { from: queue, into: queue }, { killPoint: "queue.put", skip: itemCount - 1 });
    assert.equal(await end(producer), "SIGKILL");
    reap();
    assert.equal(queue.size, itemCount);
    for (let number = 0; number < itemCount / 2; number++) check(await queue.get(), number);
  });
});

for (const [action, all] of Object.entries(points)) {
  for (const point of all) {
    test(`${action}: whoever is killed at ${point} loses what it had, and leaves nothing`, () =>
      pass(action, { killPoint: point, skip: 12 }));
  }
}

test(`nothing is left after ${rounds} random kills (SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  for (let round = 0; round < rounds; round++) {
    const action = random.pick(["queue", "lease", "pipe"] as const);
    await pass(action, { killPoint: random.pick(points[action]), skip: random.below(100), mayEnd: true });
  }
});

test("what a process returns outlives the process", async () => {
  await leavingNothing(async () => {
    const process = new Process(() => [new Lock(), new SharedValue("int32", 7)] as const);
    process.start();
    await process.join();
    reap();
    allocator().sweep();
    const [lock, value] = await process.result();
    lock.acquireSync().release();
    assert.equal(value.value, 7);
  });
});

test("a process that is killed when it has returned a lock, read or unread, leaves nothing", async () => {
  await leavingNothing(async () => {
    const worker = new Process(() => {
      setImmediate(() => process.kill(process.pid, "SIGKILL"));
      return new Lock();
    });
    worker.start();
    const outcome = await worker.result().catch((error: unknown) => error);
    await worker.join();
    if (outcome instanceof Lock) outcome.acquireSync(patience)?.release();
    else assert.ok(outcome instanceof WorkerDiedError, String(outcome));
  });
});

for (const killPoint of [answerPoint, "consignment.listing", "cargo.releasing"]) {
  test(`what a worker answers waits for its host alone, if it is killed at ${killPoint}`, async () => {
    await leavingNothing(async () => {
      const worker = start("answer", {}, { killPoint, program });
      assert.equal(await end(worker), killPoint === "cargo.releasing" ? 0 : "SIGKILL");
      reap();
      assert.equal(allocator().usage().blocks, killPoint === "consignment.listing" ? 0 : 2);
      allocator().consignments.collect({ processId: worker.pid ?? 0, threadId: 0 });
      assert.equal(allocator().usage().blocks, 0);
    });
  });
}

test(`what a worker was sent is given back when that was killed at ${readPoint}`, async () => {
  await leavingNothing(async () => {
    const message = (() => messageCodec().encode([new Lock(), new Lock()], "value"))();
    const worker = start("receive", { from: message.cargo?.name }, { killPoint: readPoint, program });
    assert.equal(await end(worker), "SIGKILL");
    reap();
    message.cargo?.release();
  });
});

/** Sends items through a process that dies at a point, then through another. */
async function pass(action: string, { mayEnd = false, ...death }: Death): Promise<void> {
  await leavingNothing(async () => {
    const [from, into] = action === "pipe" ? pipes() : queues();
    const putting = putAll(from);
    const victim = begin(action, { from: from.theirs, into: into.theirs }, death);
    const ending = await end(victim);
    reap();
    allocator().sweep();
    if (!mayEnd || ending !== 0) assert.equal(ending, "SIGKILL");
    const heir = begin(action, { from: from.theirs, into: into.theirs });
    await putting;
    // Its end, if the victim has taken that.
    if (ending === 0) await from.put(null);
    assert.equal(await end(heir), 0);
    reap();
    const numbers = new Set<number>();
    while (await into.hasMore()) {
      const item = (await into.take()) as Item;
      check(item, item.number);
      numbers.add(item.number);
    }
    assert.ok(numbers.size >= itemCount - 1, `${itemCount - numbers.size} were lost at ${death.killPoint}`);
  });
}

/** Where a process is killed, and how often it passes that before; `mayEnd`: unless it ends before. */
interface Death {
  readonly killPoint: string;
  readonly skip: number;
  readonly mayEnd?: boolean;
}

async function putAll(from: Way): Promise<void> {
  for (let number = 0; number < itemCount; number++) await from.put(makeItem(number));
  await from.put(null);
}

interface Way {
  readonly theirs: Shareable;
  put(item: unknown): Promise<void>;
  take(): Promise<unknown>;
  hasMore(): Promise<boolean>;
}

function queues(): [Way, Way] {
  const make = (): Way => {
    const queue = new Queue();
    return { theirs: queue, put: (item) => queue.put(item), take: () => queue.get(patience), hasMore: async () => !queue.isEmpty };
  };
  return [make(), make()];
}

function pipes(): [Way, Way] {
  const [hereFrom, thereFrom] = Pipe();
  const [hereInto, thereInto] = Pipe();
  const unused = (): never => assert.fail("it is used the other way");
  return [
    { theirs: thereFrom, put: (item) => hereFrom.send(item, patience), take: unused, hasMore: unused },
    { theirs: thereInto, put: unused, take: () => hereInto.recv(patience), hasMore: () => hereInto.poll() },
  ];
}

function check(item: Item, number: number): void {
  assert.equal(item.number, number);
  assert.ok(item.locks.length > 0);
  for (const lock of item.locks) {
    const held = lock.acquireSync(patience);
    assert.ok(held);
    held.release();
  }
}

/** Runs what must leave no more blocks in use than there were. */
async function leavingNothing(act: () => Promise<void>): Promise<void> {
  await untilBlocks(0);
  await act();
  await untilBlocks(0);
}

async function untilBlocks(most: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (let { blocks } = allocator().usage(); blocks > most; { blocks } = allocator().usage()) {
    assert.ok(Date.now() < deadline, `${blocks} blocks are left`);
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function begin(
  action: string,
  { from, into }: { readonly from: Shareable; readonly into: Shareable },
  options: { readonly killPoint?: string; readonly skip?: number } = {},
): ChildProcess {
  const data = (end: Shareable): unknown => end[handleOf]().data;
  return start(action, { from: data(from), into: data(into) }, { ...options, program });
}
