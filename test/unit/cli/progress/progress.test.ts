import assert from "node:assert/strict";
import { test } from "node:test";
import { Progress } from "#lib/cli/progress/progress.js";

test("before anything is done there is no rate and no estimate", () => {
  const state = new Progress(1000).state(1500, { kind: "count", count: 10 }, 0);
  assert.deepEqual(state, {
    done: 0,
    failed: 0,
    total: { count: 10, isEstimate: false },
    rate: undefined,
    elapsed: 500,
    remaining: undefined,
  });
});

test("rate, elapsed and what is left follow from the counts", () => {
  const progress = new Progress(0);
  progress.add({ inputs: 20, failures: 3 });
  const state = progress.state(2000, { kind: "count", count: 50 }, 50);
  assert.deepEqual(state, { done: 20, failed: 3, total: { count: 50, isEstimate: false }, rate: 10, elapsed: 2000, remaining: 3000 });
  assert.equal(progress.averageRate(4000), 5);
});

test("the rate is that of the last seconds, not of the whole run", () => {
  const progress = new Progress(0);
  progress.add({ inputs: 100_000, failures: 0 });
  for (let now = 0; now <= 60_000; now += 100) {
    if (now > 30_000) progress.add({ inputs: 1, failures: 0 });
    progress.state(now, { kind: "unknown" }, 0);
  }
  const { rate } = progress.state(60_000, { kind: "unknown" }, 0);
  assert.ok(rate !== undefined && rate > 9 && rate < 11, String(rate));
});

test("with bytes, the total is estimated from what has been read, and exact at the end", () => {
  const progress = new Progress(0);
  assert.deepEqual(progress.state(1, { kind: "bytes", readBytes: 250, sizeBytes: 1000 }, 10).total, { count: 40, isEstimate: true });
  assert.deepEqual(progress.state(1, { kind: "bytes", readBytes: 1000, sizeBytes: 1000 }, 37).total, { count: 37, isEstimate: false });
  assert.equal(progress.state(1, { kind: "bytes", readBytes: 0, sizeBytes: 1000 }, 0).total, undefined);
  assert.equal(progress.state(1, { kind: "unknown" }, 10).total, undefined);
});
