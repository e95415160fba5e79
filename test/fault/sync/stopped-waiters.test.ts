/** Processes that are stopped, as by a debugger or Ctrl+Z, while they wait for a semaphore. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { Process, Semaphore, SharedValue } from "manyhands";
import { Block } from "#lib/memory/block.js";
import { handleOf } from "#lib/memory/handle.js";
import { until } from "../../processes/until.js";

/** The word of a semaphore that names a waiter to which free permits are left. */
const starvingAt = 14;
const patience = { timeout: 60_000 };
const started: Process[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill();
    await child.join();
  }
});

function start<A extends readonly unknown[]>(target: (...args: A) => unknown, args: A): Process {
  const child = new Process(target as (...args: readonly unknown[]) => unknown, args).start() as Process;
  started.push(child);
  return child;
}

/** A process that waits for a permit, and is stopped when free ones are left to it. There is none while this is called. */
async function stoppedWaiter(semaphore: Semaphore): Promise<Process> {
  const { words, at } = Block.attach(semaphore[handleOf]().data);
  const waiter = start((wanted: Semaphore) => void wanted.acquireSync(), [semaphore]);
  await until(() => Atomics.load(words.int32, at + starvingAt) !== 0, "it has waited long");
  const { pid } = waiter;
  assert.ok(pid);
  process.kill(pid, "SIGSTOP");
  await until(() => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8")), "it is stopped");
  return waiter;
}

for (const [how, acquire] of [
  ["waits", (semaphore: Semaphore) => semaphore.acquire(patience)],
  ["blocks", async (semaphore: Semaphore) => semaphore.acquireSync(patience)],
  [
    "tries again and again",
    async (semaphore: Semaphore) => {
      let got = semaphore.tryAcquire();
      await until(() => (got ??= semaphore.tryAcquire()) !== undefined, "a permit is free for all");
      return got;
    },
  ],
] as const) {
  test(`a permit that was left to a process that is stopped is taken by one that ${how}; the process gets the next one`, async () => {
    const semaphore = new Semaphore(1);
    const first = semaphore.acquireSync();
    const waiter = await stoppedWaiter(semaphore);
    first.release();
    const second = await acquire(semaphore);
    assert.ok(second);
    second.release();
    assert.ok(waiter.pid);
    process.kill(waiter.pid, "SIGCONT");
    assert.equal(await waiter.join(), 0);
  });
}

test("the permit of a process that was killed comes back though the one that waits for it first is stopped", async () => {
  const semaphore = new Semaphore(1);
  const isHeld = new SharedValue("int32", 0);
  const holder = start(
    (held: Semaphore, said: SharedValue<"int32">) => {
      held.acquireSync();
      said.value = 1;
      for (;;);
    },
    [semaphore, isHeld],
  );
  await until(() => isHeld.value === 1, "it has the permit");
  await stoppedWaiter(semaphore);
  holder.kill();
  using held = await semaphore.acquire(patience);
  assert.equal(held?.abandoned, true);
});
