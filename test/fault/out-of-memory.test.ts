/** A task that eats all memory takes its worker along, and nothing else. V8 prints its own report on a process's stderr. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pool, WorkerDiedError } from "manyhands";
import { Pool as ThreadPool } from "manyhands/threads";

for (const [kind, Either, told] of [
  ["process", Pool, /was killed by SIGABRT \(signal 6\) while it ran hoard\(#1\); it called abort\(\), or its heap ran full/],
  ["thread", ThreadPool, /exited with code 1 while it ran hoard\(#1\)/],
] as const) {
  test(`${kind}: the task whose worker ran out of memory rejects and is named; the others finish`, { timeout: 180_000 }, async () => {
    await using pool = new Either(2, { stdio: "ignore", resourceLimits: { maxOldGenerationSizeMb: 64 } });
    const hoarding = pool.apply(function hoard() {
      const hoarded: unknown[] = [];
      for (;;) hoarded.push(Array.from({ length: 1000 }, (_, index) => ({ index })));
    });
    const others = Array.from({ length: 50 }, (_, index) => pool.apply((n: number) => n * 2, [index]));
    await assert.rejects(hoarding, (error) => {
      assert.ok(error instanceof WorkerDiedError);
      assert.match(error.message, told);
      if (kind === "thread") assert.equal((error.cause as NodeJS.ErrnoException).code, "ERR_WORKER_OUT_OF_MEMORY");
      return true;
    });
    assert.deepEqual(
      await Promise.all(others),
      others.map((_, index) => index * 2),
    );
    assert.deepEqual(await pool.map((n: number) => n + 1, [1, 2, 3]), [2, 3, 4]);
  });
}
