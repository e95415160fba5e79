/** Kills workers at random among thousands of tasks: every promise settles, and only the tasks that were hit reject. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Pool, WorkerDiedError } from "manyhands";
import { childPids } from "../conformance/pool/backends.js";
import { Random, seed } from "./memory/random-kills.js";

test(`workers killed at random cost the tasks they ran, and nothing else (SEED=${seed})`, { timeout: 180_000 }, async () => {
  const random = new Random(seed);
  const pool = new Pool(3);
  const killer: Killer = { isDone: false, kills: 0, finished: 0 };
  const note = (): void => void (killer.finished += 1);
  const killing = killAtRandom(pool, random, killer);

  const work = async (x: number): Promise<number> => {
    if (x % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    return x * 2;
  };
  const calls = Array.from({ length: 3000 }, (_, index) => pool.apply(work, [index]));
  for (const call of calls) call.then(note, note);
  const mapped = pool.map(
    work,
    Array.from({ length: 500 }, (_, index) => index),
    { chunkSize: 5 },
  );
  const outcomes = collectOutcomes(
    pool
      .imapUnordered(
        work,
        Array.from({ length: 2000 }, (_, index) => index),
        { chunkSize: 4 },
      )
      .outcomes(),
    note,
  );

  const settled = await Promise.allSettled(calls);
  const [mapResult] = await Promise.allSettled([mapped]);
  const { values, failures } = await outcomes;
  killer.isDone = true;
  await killing;

  const lost = settled.flatMap((result, index) => (result.status === "rejected" ? [{ index, reason: result.reason as unknown }] : []));
  for (const { reason } of lost) assert.ok(reason instanceof WorkerDiedError && reason.signal === "SIGKILL", String(reason));
  for (const [index, result] of settled.entries()) if (result.status === "fulfilled") assert.equal(result.value, index * 2);
  for (const reason of failures) assert.ok(reason instanceof WorkerDiedError, String(reason));
  assert.equal(values + failures.length, 2000);
  if (mapResult?.status === "rejected") assert.ok(mapResult.reason instanceof WorkerDiedError);
  const chunksLost = failures.length / 4;
  assert.ok(killer.kills > 0, "something was killed");
  assert.ok(lost.length + chunksLost <= killer.kills, `${killer.kills} kills cannot cost ${lost.length} calls and ${chunksLost} chunks`);

  assert.deepEqual(await pool.map((x: number) => x, [1, 2, 3]), [1, 2, 3]);
  pool.close();
  assert.equal(await pool.join({ timeout: 60_000 }), true);
  assert.deepEqual(childPids(), []);
});

interface Killer {
  isDone: boolean;
  kills: number;
  /** How many tasks have ended so far. */
  finished: number;
}

async function killAtRandom(pool: Pool, random: Random, killer: Killer): Promise<void> {
  while (!killer.isDone) {
    // Between two kills some work is done, however slow the machine is: else workers would be killed faster than others start.
    const enough = killer.finished + random.below(150);
    while (killer.finished < enough && !killer.isDone) await delay(1);
    await delay(random.below(5));
    // Only those that have started: a long series of workers killed while they start is a pool that cannot start.
    const alive = pool.workers.filter((worker) => worker.state !== "starting");
    const victim = alive.length > 0 ? random.pick(alive).pid : undefined;
    if (victim === undefined) continue;
    try {
      process.kill(victim, "SIGKILL");
      killer.kills += 1;
    } catch {
      // It had just ended.
    }
  }
}

async function collectOutcomes(
  outcomes: AsyncIterable<PromiseSettledResult<number>>,
  onOutcome: () => void,
): Promise<{ values: number; failures: unknown[] }> {
  let values = 0;
  const failures: unknown[] = [];
  for await (const outcome of outcomes) {
    onOutcome();
    if (outcome.status === "fulfilled") values += 1;
    else failures.push(outcome.reason);
  }
  return { values, failures };
}
