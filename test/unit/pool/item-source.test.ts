import assert from "node:assert/strict";
import { test } from "node:test";
import { collect, ItemSource } from "#lib/pool/item-source.js";

async function* countTo(end: number): AsyncGenerator<number> {
  for (let value = 1; value <= end; value += 1) yield value;
}

test("collect() takes arrays, strings, sets, maps' keys, generators and async iterables", async () => {
  assert.deepEqual(await collect([1, 2]), [1, 2]);
  assert.deepEqual(await collect("ab"), ["a", "b"]);
  assert.deepEqual(await collect(new Set([1, 2])), [1, 2]);
  assert.deepEqual(await collect(new Map([["k", 1]]).keys()), ["k"]);
  assert.deepEqual(await collect(countTo(3)), [1, 2, 3]);
});

test("what is not iterable is refused at once, in words", () => {
  const wrong: unknown[] = [5, null, undefined, {}, () => {}];
  for (const input of wrong) {
    assert.throws(() => collect(input as Iterable<unknown>), /The input must be iterable or async iterable; it is/);
    assert.throws(() => new ItemSource(input as Iterable<unknown>), TypeError);
  }
});

test("ItemSource.close() runs the finally block of a generator", async () => {
  let isClosed = false;
  function* numbers(): Generator<number> {
    try {
      for (;;) yield 1;
    } finally {
      isClosed = true;
    }
  }
  const source = new ItemSource(numbers());
  assert.deepEqual(source.pull(), { value: 1, done: false });
  await source.close();
  assert.equal(isClosed, true);
});
