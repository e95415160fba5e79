/** Where records go in a chunk. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { placeRecord, recordBytes } from "#lib/queue/chunk.js";

const chunk = { start: 64, end: 1024 };

test("a record takes its header and whole eights of its payload", () => {
  assert.deepEqual([0, 1, 8, 9].map(recordBytes), [8, 16, 16, 24]);
});

test("a record goes behind the last one while there is room for it and one more header", () => {
  assert.deepEqual(placeRecord(chunk, 64, { head: 64, sizeBytes: 16 }), { offset: 64, isWrapped: false });
  assert.deepEqual(placeRecord(chunk, 1000, { head: 64, sizeBytes: 16 }), { offset: 1000, isWrapped: false });
  assert.equal(placeRecord(chunk, 1008, { head: 64, sizeBytes: 16 }), "next-chunk");
});

test("a record goes to the start when what was there is consumed", () => {
  assert.deepEqual(placeRecord(chunk, 1008, { head: 88, sizeBytes: 16 }), { offset: 64, isWrapped: true });
  assert.equal(placeRecord(chunk, 1008, { head: 80, sizeBytes: 16 }), "next-chunk");
  assert.equal(placeRecord(chunk, 1008, { head: undefined, sizeBytes: 16 }), "next-chunk");
  assert.deepEqual(placeRecord(chunk, 1008, { head: 1008, sizeBytes: 16 }), { offset: 64, isWrapped: true });
});

test("a record stops before the first one that is not consumed", () => {
  assert.deepEqual(placeRecord(chunk, 64, { head: 88, sizeBytes: 16 }), { offset: 64, isWrapped: false });
  assert.equal(placeRecord(chunk, 64, { head: 80, sizeBytes: 16 }), "next-chunk");
});

test("a ring never mixes up its records, for any sizes", () => {
  for (let seed = 1; seed <= 200; seed++) {
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return (state >> 8) % below;
    };
    const live: { at: number; size: number }[] = [];
    let tail = chunk.start;
    for (let step = 0; step < 500; step++) {
      if (random(2) === 0 && live.length > 0) {
        live.shift();
        continue;
      }
      const sizeBytes = recordBytes(random(200));
      const placement = placeRecord(chunk, tail, { head: live[0]?.at ?? tail, sizeBytes });
      if (placement === "next-chunk") continue;
      const record = { at: placement.offset, size: sizeBytes };
      assert.ok(record.at >= chunk.start && record.at + record.size + 8 <= chunk.end);
      for (const other of live) assert.ok(record.at + record.size <= other.at || other.at + other.size <= record.at);
      live.push(record);
      tail = record.at + record.size;
    }
  }
});
