/** Processes that are stopped, as by a debugger or Ctrl+Z, when a lock is handed to them. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { Block } from "#lib/memory/block.js";
import { handleOf } from "#lib/memory/handle.js";
import { membership } from "#lib/memory/membership.js";
import { Lock } from "#lib/sync/lock.js";
import { end, said, start, until } from "./children.js";

const handoffBit = 2;
const flagBits = 2;

const started: ChildProcess[] = [];

// What a test that failed has left, stopped or not.
after(() => {
  for (const child of started) child.kill("SIGKILL");
});

/** A lock and a board for its holders, as arguments for others, and the word that says whose the lock is. */
function make(): { readonly lock: Lock; readonly board: Block; readonly word: () => number; readonly given: (rounds: number) => unknown } {
  const [lock, board] = [new Lock(), Block.allocate(64)];
  const { words, at } = Block.attach(lock[handleOf]().data);
  const given = (rounds: number): unknown => ({ lock: lock[handleOf]().data, counter: board.send(), rounds });
  return { lock, board, word: () => Atomics.load(words.int32, at), given };
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGSTOP");
  await until(() => /^State:\s+T/m.test(readFileSync(`/proc/${child.pid}/status`, "utf8")), "stop");
}

/** A process that waits for the lock so long that it is to be handed to it, and is stopped then. The lock is held meanwhile. */
async function stoppedReceiver({ lock, word, given }: ReturnType<typeof make>): Promise<ChildProcess> {
  const held = lock.acquireSync();
  const receiver = start("hold", given(0));
  started.push(receiver);
  await until(() => (word() & handoffBit) !== 0, "waiter that is passed by");
  await stop(receiver);
  held.release();
  return receiver;
}

test("a lock that was handed to a process that is stopped passes on; the process gets it when it goes on", async () => {
  const made = make();
  for (const acquire of [() => made.lock.acquire({ timeout: 20_000 }), () => Promise.resolve(made.lock.acquireSync({ timeout: 20_000 }))]) {
    const receiver = await stoppedReceiver(made);
    const held = await acquire();
    assert.equal(held?.abandoned, false);
    receiver.kill("SIGCONT");
    held?.release();
    assert.equal(await said(receiver), "held\n");
    assert.equal(made.lock.tryAcquire(), undefined);
    receiver.kill("SIGKILL");
    await end(receiver);
    using after = await made.lock.acquire();
    assert.equal(after.abandoned, true);
  }
});

test("everything goes on after a process was killed at mutex.passing-on", async () => {
  const made = make();
  const receiver = await stoppedReceiver(made);
  const victim = start("takeOnce", made.given(0), { killPoint: "mutex.passing-on" });
  assert.equal(await end(victim), "SIGKILL");
  const held = made.lock.acquireSync({ timeout: 20_000 });
  assert.equal(held?.abandoned, false);
  receiver.kill("SIGCONT");
  held?.release();
  assert.equal(await said(receiver), "held\n");
  receiver.kill("SIGKILL");
  await end(receiver);
});

test("a lock is given once: never to two and always to one, while those it is handed to are stopped", async () => {
  const { board, word, given } = make();
  const actions = ["hogAsync", "hog", "hog"];
  const children = actions.map((action, number) => start(action, given(number)));
  started.push(...children);
  const { int32 } = board.words;
  const turnsOf = (number: number): number => Atomics.load(int32, board.at + number);
  await until(() => actions.every((_, number) => turnsOf(number) > 0), "start of everybody");
  for (let round = 0; round < 24; round++) {
    const [number, other] = [round % 3, (round + 1) % 3];
    const child = children[number];
    assert.ok(child);
    const id = membership()
      .registry.participants()
      .find(({ processId }) => processId === child.pid)?.id;
    await stop(child);
    const before = turnsOf(other);
    // Stopped while it holds the lock, it keeps it: nothing is to be seen this time.
    if (word() >>> flagBits !== id) await until(() => turnsOf(other) >= before + 3, "turn of those that go on");
    child.kill("SIGCONT");
    const own = turnsOf(number);
    await until(() => turnsOf(number) > own, "turn of the one that was stopped");
  }
  Atomics.store(int32, board.at + 8, 1);
  assert.deepEqual(await Promise.all(children.map(end)), [0, 0, 0]);
  assert.equal(int32[board.at + 10], 0, "two held it at a time");
  assert.equal(word(), 0);
});
