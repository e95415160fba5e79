/** A worker is killed while it writes its result: half of that has been sent, and nobody takes it for a whole one. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Pool, WorkerDiedError } from "manyhands";

const sizeBytes = 64 << 20;

for (const [what, makeResult] of [
  ["a buffer", (size: number): unknown => Buffer.alloc(size, 1)],
  ["a string", (size: number): unknown => "x".repeat(size)],
] as const) {
  test(`a worker killed in the middle of sending ${what} costs that task alone`, { timeout: 120_000 }, async () => {
    await using pool = new Pool(1);
    const pid = await pool.apply(() => process.pid);
    const killed = pool.apply(
      (make, size) => {
        const result = make(size);
        // The result is written before the first timer fires; this side's buffers take only a little of it.
        setTimeout(() => process.kill(process.pid, "SIGKILL"), 0);
        return result;
      },
      [makeResult, sizeBytes] as const,
    );
    const next = pool.apply((n: number) => n + 1, [1]);
    blockUntilDead(pid);
    await assert.rejects(killed, (error) => error instanceof WorkerDiedError && error.signal === "SIGKILL" && error.pid === pid);
    assert.equal(await next, 2);
  });
}

/** Nothing is read meanwhile, so the worker cannot have written all. */
function blockUntilDead(pid: number): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const deadline = Date.now() + 60_000;
  while (!/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))) {
    assert.ok(Date.now() < deadline, "the worker kills itself");
    Atomics.wait(pause, 0, 0, 5);
  }
}
