/** Workers that share memory: whenever they were started and whatever their environment, and what becomes of their place when they die. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import type * as manyhands from "manyhands";
import { Lock, Pool, Process, SharedValue } from "manyhands";
import { Pool as ThreadPool, Process as ThreadProcess } from "manyhands/threads";
import { membership } from "#lib/memory/membership.js";
import { session } from "#lib/memory/session.js";
import { until } from "../processes/until.js";

const library = import.meta.resolve("manyhands");

const kinds: readonly { readonly kind: string; readonly Pool: typeof Pool; readonly Process: typeof Process }[] = [
  { kind: "process", Pool, Process },
  { kind: "thread", Pool: ThreadPool, Process: ThreadProcess },
];

test("a program that only uses a pool has no session on disk", async () => {
  await using pool = new Pool(1);
  assert.equal(await pool.apply(() => 1), 1);
  assert.equal(existsSync(session().folder), false);
});

/** How many have a place in the session. */
const participants = (): number => membership().registry.participants().length;

for (const { kind, Pool: EitherPool, Process: Either } of kinds) {
  for (const [which, options] of [
    ["as it was inherited", {}],
    ["replaced by an empty one", { env: {} }],
  ] as const) {
    test(`${kind}: workers that started before there was anything to share, with their environment ${which}, share it`, async () => {
      await using pool = new EitherPool(2, options);
      await pool.map(() => 0, [1, 2]);
      const lock = new Lock();
      const counter = new SharedValue("int32", 0);
      const count = async (rounds: number): Promise<void> => {
        for (let round = 0; round < rounds; round++) {
          const held = await lock.acquire();
          counter.value = counter.value + 1;
          held.release();
        }
      };
      await pool.map(count, [500, 500, 500, 500]);
      assert.equal(counter.value, 2000);
    });
  }

  test(`${kind}: a child of a child shares it, also when both have empty environments`, async () => {
    const counter = new SharedValue("int32", 0);
    const target = async (url: string): Promise<number | undefined> => {
      const { Process: Own } = (await import(url)) as typeof manyhands;
      return new Own(() => void counter.add(1), [], { env: {} }).start().join();
    };
    assert.equal(await new Either(target, [library], { env: {} }).start().result(), 0);
    assert.equal(counter.value, 1);
  });

  test(`${kind}: whoever dies with a lock loses its place at once, though nobody waits for the lock; the next one is told`, async () => {
    const lock = new Lock();
    const holds = new SharedValue("int32", 0);
    await until(() => participants() === 1, "earlier workers have gone");
    const child = new Either(
      async () => {
        await lock.acquire();
        holds.value = 1;
        for (;;);
      },
      [],
      { stdio: "ignore" },
    ).start();
    await until(() => holds.value === 1, "it holds the lock");
    assert.equal(participants(), 2);
    child.kill();
    assert.equal(await child.join(), -9);
    await until(() => participants() === 1, "its place is free");
    using held = lock.tryAcquire();
    assert.equal(held?.abandoned, true);
  });
}

test("process: workers of a pool that die one after the other leave no places behind", async () => {
  const counter = new SharedValue("int32", 0);
  await using pool = new Pool(2);
  for (let round = 0; round < 10; round++) {
    await assert.rejects(
      pool.apply(() => {
        counter.add(1);
        process.kill(process.pid, "SIGKILL");
      }),
    );
  }
  assert.equal(counter.value, 10);
  await until(() => participants() === 1, "only this process is left");
});
