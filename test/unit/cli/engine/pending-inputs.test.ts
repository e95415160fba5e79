import assert from "node:assert/strict";
import { test } from "node:test";
import { isRefused, PendingInputs, splitChunk } from "#lib/cli/engine/pending-inputs.js";

function pendingOf(...items: string[]): PendingInputs {
  const pending = new PendingInputs();
  pending.add({ kind: "inputs", items, firstLine: 1 });
  return pending;
}

test("take gives consecutive inputs with their places and line numbers", () => {
  const pending = pendingOf("a", "b", "c");
  assert.deepEqual(pending.take(2), { firstIndex: 0, items: ["a", "b"], firstLine: 1 });
  assert.deepEqual(pending.take(2), { firstIndex: 2, items: ["c"], firstLine: 3 });
  assert.equal(pending.take(2), undefined);
  assert.equal(pending.isEmpty, true);
});

test("a refused input keeps its place between the others", () => {
  const pending = pendingOf("a");
  pending.add({ kind: "refused", name: "line 2", reason: "bad" });
  pending.add({ kind: "inputs", items: ["c"], firstLine: 3 });
  assert.equal(pending.take(9)?.firstIndex, 0);
  const refused = pending.take(9);
  assert.ok(refused !== undefined && isRefused(refused));
  assert.equal(refused.firstIndex, 1);
  assert.deepEqual(pending.take(9), { firstIndex: 2, items: ["c"], firstLine: 3 });
});

test("what was put back is taken first, and never in larger pieces than asked for", () => {
  const pending = pendingOf("a", "b", "c", "d");
  const chunk = pending.take(3);
  assert.ok(chunk !== undefined && !isRefused(chunk));
  pending.putBack(splitChunk(chunk, 1)[1]);
  assert.equal(pending.hasReturned, true);
  assert.deepEqual(pending.take(1), { firstIndex: 1, items: ["b"], firstLine: 2 });
  assert.deepEqual(pending.take(9), { firstIndex: 2, items: ["c"], firstLine: 3 });
  assert.equal(pending.hasReturned, false);
  assert.deepEqual(pending.take(9), { firstIndex: 3, items: ["d"], firstLine: 4 });
});

test("a chunk of long inputs is cut at about a million characters, but never empty", () => {
  const long = "x".repeat(700_000);
  const pending = pendingOf(long, long, long.repeat(3));
  const sizes = [pending.take(9), pending.take(9), pending.take(9)].map(
    (chunk) => chunk !== undefined && !isRefused(chunk) && chunk.items.length,
  );
  assert.deepEqual(sizes, [1, 1, 1]);
});

test("it is full by count or by characters, and not before", () => {
  assert.equal(pendingOf("a").isFull, false);
  assert.equal(pendingOf(...Array.from({ length: 50_000 }, () => "")).isFull, true);
  const pending = pendingOf("x".repeat(5_000_000));
  assert.equal(pending.isFull, true);
  pending.take(1);
  assert.equal(pending.isFull, false);
});
