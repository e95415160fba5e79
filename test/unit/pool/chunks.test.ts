import assert from "node:assert/strict";
import { test } from "node:test";
import { cutIntoChunks, defaultChunkSize } from "#lib/pool/chunks.js";
import * as fc from "fast-check";

test("the default chunk size is Python's: about four chunks a worker", () => {
  const cases = [
    { length: 10, workers: 4, size: 1, chunks: 10 },
    { length: 16, workers: 4, size: 1, chunks: 16 },
    { length: 17, workers: 4, size: 2, chunks: 9 },
    { length: 100, workers: 4, size: 7, chunks: 15 },
    { length: 1000, workers: 3, size: 84, chunks: 12 },
    { length: 0, workers: 4, size: 0, chunks: 0 },
  ];
  for (const { length, workers, size, chunks } of cases) {
    assert.equal(defaultChunkSize(length, workers), size);
    assert.equal([...cutIntoChunks(Array.from({ length }), size)].length, chunks);
  }
});

test("chunks hold every item once, in order, and only the last one is short", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 20 }), (items, chunkSize) => {
      const chunks = [...cutIntoChunks(items, chunkSize)];
      assert.deepEqual(chunks.flat(), items);
      for (const chunk of chunks.slice(0, -1)) assert.equal(chunk.length, chunkSize);
      assert.notEqual(chunks.at(-1)?.length, 0);
    }),
  );
});
