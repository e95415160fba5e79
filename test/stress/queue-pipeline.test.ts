/**
 * A pipeline of three stages, eight processes, queues between them, while processes are killed at random and replaced.
 * `ITEMS`, `KILLS` and `SEED` in the environment say how much: by hand, 1,000,000 items and thousands of kills.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClosedError, JoinableQueue, Process, Queue } from "manyhands";

const items = Number(process.env["ITEMS"] ?? 20_000);
const kills = Number(process.env["KILLS"] ?? 25);
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
/** Workers of each stage. */
const stages = [3, 3, 2];
const patience = { timeout: 600_000 };

test(`a pipeline loses at most one item a kill and doubles none (SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = generator(seed);
  const queues = [...stages, 0].map((_, index) => new JoinableQueue<number | string>({ maxSize: index === 2 ? 100 : 0 }));
  const workers = stages.flatMap((count, stage) => Array.from({ length: count }, () => ({ stage, process: startWorker(queues, stage) })));
  const replace = async (): Promise<void> => {
    const victim = workers[Math.floor(random() * workers.length)]!;
    victim.process.kill();
    assert.equal(await victim.process.join(), -9);
    victim.process = startWorker(queues, victim.stage);
  };

  let received = 0;
  const hasReceived = (count: number): boolean => received >= count;
  const seen = new Uint8Array(items);
  const receiving = (async () => {
    for await (const item of queues.at(-1)!) {
      received++;
      seen[Number.parseInt(String(item), 10)]! += 1;
    }
  })();
  const putting = (async () => {
    for (let item = 0; item < items; item++) await queues[0]!.put(withFilling(item));
  })();
  for (let kill = 0; kill < kills; kill++) {
    const from = received;
    // So that the kills are spread over the whole run, whatever it takes.
    const wanted = Math.min(from + Math.floor((random() * 2 * items) / kills), items - kills);
    while (!hasReceived(wanted)) await new Promise((resolve) => setImmediate(resolve));
    await replace();
  }
  await putting;
  for (const queue of queues.slice(0, -1)) {
    assert.equal(await queue.join(patience), true);
    queue.shutdown();
  }
  queues.at(-1)!.shutdown();
  await receiving;
  for (const { process: worker } of workers) assert.equal(await worker.join(), 0);
  assert.equal(seen.filter((count) => count > 1).length, 0, "items that arrived twice");
  const lost = seen.filter((count) => count === 0).length;
  t.diagnostic(`${lost} of ${items} items lost with ${kills} kills`);
  assert.ok(lost <= kills, `${lost} items lost with ${kills} kills`);
});

test(`a pipeline of leases loses nothing, and doubles at most one item a kill (SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  // A lease takes far longer than a get.
  const leased = Math.ceil(items / 20);
  const most = Math.ceil(kills / 2);
  const random = generator(seed);
  const queues = [...stages, 0].map(() => new Queue<number | string>());
  const workers = stages.flatMap((count, stage) => Array.from({ length: count }, () => ({ stage, process: startLessee(queues, stage) })));
  for (let item = 0; item < leased; item++) await queues[0]!.put(withFilling(item));
  const seen = new Uint8Array(leased);
  let distinct = 0;
  for (let killed = 0; distinct < leased;) {
    const number = Number.parseInt(String(await queues.at(-1)!.get(patience)), 10);
    if (seen[number]!++ === 0) distinct++;
    // Spread over the run, the last of them among the last items.
    if (killed === most || distinct < (leased * killed) / most) continue;
    const victim = workers[Math.floor(random() * workers.length)]!;
    victim.process.kill();
    assert.equal(await victim.process.join(), -9);
    victim.process = startLessee(queues, victim.stage);
    killed++;
  }
  for (const queue of queues.slice(0, -1)) queue.shutdown();
  for (const { process: worker } of workers) assert.equal(await worker.join(), 0);
  while (!queues.at(-1)!.isEmpty) seen[Number.parseInt(String(queues.at(-1)!.tryGet()), 10)]! += 1;
  const doubled = seen.reduce((sum, count) => sum + count - 1, 0);
  t.diagnostic(`${doubled} of ${leased} items doubled with ${most} kills`);
  assert.ok(doubled <= most, `${doubled} items doubled with ${most} kills`);
});

function startLessee(queues: readonly Queue<number | string>[], stage: number): Process {
  return new Process(
    async (from: Queue<number | string>, into: Queue<number | string>) => {
      for (;;) {
        const lease = await from.lease().catch((error: unknown) => {
          if (error instanceof ClosedError) return undefined;
          throw error;
        });
        if (lease === undefined) return;
        await into.put(lease.value);
        lease.done();
      }
    },
    [queues[stage]!, queues[stage + 1]!],
  ).start();
}

function startWorker(queues: readonly JoinableQueue<number | string>[], stage: number): Process {
  return new Process(
    async (from: JoinableQueue<number | string>, into: JoinableQueue<number | string>) => {
      for await (const item of from) {
        await into.put(item);
        from.taskDone();
      }
    },
    [queues[stage]!, queues[stage + 1]!],
  ).start();
}

/** Most items are numbers; some need several chunks or a file of their own. */
function withFilling(item: number): number | string {
  if (item % 1_000 === 0) return `${item} ${"x".repeat(40_000)}`;
  return item % 10 === 0 ? `${item} ${"x".repeat(1_000)}` : item;
}

/** A small seeded generator (mulberry32). */
function generator(first: number): () => number {
  let state = first;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
