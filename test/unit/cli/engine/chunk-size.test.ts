import assert from "node:assert/strict";
import { test } from "node:test";
import { nextChunkSize } from "#lib/cli/engine/chunk-size.js";

test("chunks grow step by step while items are quick", () => {
  assert.equal(nextChunkSize(1, { items: 1, elapsed: 0 }), 4);
  assert.equal(nextChunkSize(4, { items: 4, elapsed: 0.01 }), 16);
});

test("chunks never outgrow what takes 20 ms, nor ten thousand items", () => {
  assert.equal(nextChunkSize(100, { items: 100, elapsed: 100 }), 20);
  assert.equal(nextChunkSize(9000, { items: 9000, elapsed: 1 }), 10_000);
});

test("one slow item brings the size down at once, to one at the least", () => {
  assert.equal(nextChunkSize(10_000, { items: 1, elapsed: 500 }), 1);
});

test("a chunk of which nothing ran says nothing", () => {
  assert.equal(nextChunkSize(16, { items: 0, elapsed: 100 }), 16);
});
