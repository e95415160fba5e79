import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Lock, SharedArray, StateError } from "manyhands";
import { Block } from "#lib/memory/block.js";
import { handleOf } from "#lib/memory/handle.js";
import { fromHandle } from "#lib/shared/shared-array.js";

const numeric = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"] as const;

test("a SharedArray of a length is zeroed, whatever its memory was used for before", () => {
  for (let round = 0; round < 50; round++) {
    for (const length of [0, 1, 7, 100, 5_000]) {
      const array = new SharedArray("int32", length);
      assert.equal(array.length, length);
      assert.equal(array.view.length, length);
      assert.ok(array.view.every((value) => value === 0));
      array.fill(-1);
    }
  }
});

test("a SharedArray begins with the values of any iterable, checked", () => {
  for (const type of numeric) assert.deepEqual([...new SharedArray(type, [1, 2, 3])], [1, 2, 3]);
  assert.deepEqual([...new SharedArray("int64", new Set([1n, -(2n ** 63n)]))], [1n, -(2n ** 63n)]);
  assert.deepEqual([...new SharedArray("bool", [true, false])], [true, false]);
  assert.deepEqual([...new SharedArray("float64", new Float32Array([0.5, 2]))], [0.5, 2]);
  const squares = (function* () {
    for (let i = 0; i < 3; i++) yield i * i;
  })();
  assert.deepEqual([...new SharedArray("uint8", squares)], [0, 1, 4]);
  assert.throws(() => new SharedArray("uint8", [1, 256]), RangeError);
  assert.throws(() => new SharedArray("uint8", ["1" as unknown as number]), TypeError);
  assert.throws(() => new SharedArray("int32", [1, undefined as unknown as number, 3]), /element 1 is undefined/);
  assert.throws(() => new SharedArray("int64", [1 as unknown as bigint]), TypeError);
  for (const wrong of [null, undefined, {}, "12"]) assert.throws(() => new SharedArray("int32", wrong as number[]), TypeError);
});

test("a length that is negative, no integer or absurd is a RangeError", () => {
  for (const length of [-1, 1.5, NaN, Infinity, 2 ** 53]) assert.throws(() => new SharedArray("int32", length), RangeError);
  assert.throws(() => new SharedArray("int" as "int32", 1), TypeError);
});

test("SharedArray.view is the memory itself", () => {
  for (const length of [4, 10_000]) {
    const array = new SharedArray("float64", length);
    array.view[1] = 1.5;
    assert.equal(array.at(1), 1.5);
    array.set(2, 2.5);
    assert.equal(array.view[2], 2.5);
    array.view.subarray(1, 3).fill(9);
    assert.deepEqual([...array.view.slice(0, 4)], [0, 9, 9, 0]);
  }
});

test("SharedArray.at(), set() and add() count from the end, and refuse what is outside", () => {
  const array = new SharedArray("int16", [1, 2, 3]);
  assert.equal(array.at(-1), 3);
  array.set(-3, 10);
  assert.equal(array.add(-2, 5), 2);
  assert.deepEqual([...array], [10, 7, 3]);
  for (const index of [3, -4, 0.5, NaN, Infinity, "x" as unknown as number]) {
    assert.throws(() => array.at(index), RangeError);
    assert.throws(() => array.set(index, 1), RangeError);
    assert.throws(() => array.add(index, 1), RangeError);
  }
  assert.throws(() => array.set(0, 40_000), RangeError);
  assert.throws(() => array.add(0, 32_767), RangeError);
  assert.throws(() => array.set(0, "1" as unknown as number), TypeError);
  assert.deepEqual([...array], [10, 7, 3]);
  assert.throws(() => new SharedArray("int16", 0).at(0), RangeError);
});

test("SharedArray.fill() writes all, or a part, and checks the value", () => {
  const array = new SharedArray("uint8", 5);
  assert.equal(array.fill(7), array);
  array.fill(1, 3).fill(2, -5, -4);
  assert.deepEqual([...array], [2, 7, 7, 1, 1]);
  assert.throws(() => array.fill(256), RangeError);
  assert.deepEqual([...array], [2, 7, 7, 1, 1]);
  const flags = new SharedArray("bool", 2).fill(true);
  assert.deepEqual([...flags], [true, true]);
  assert.deepEqual([...flags.view], [1, 1]);
});

test("each SharedArray has a lock of its own, the one it was given, or none", () => {
  const array = new SharedArray("int8", 1);
  assert.equal(array.lock, array.lock);
  const lock = new Lock();
  assert.equal(new SharedArray("int8", 1, { lock }).lock, lock);
  assert.throws(() => new SharedArray("int8", 1, { lock: false }).lock, StateError);
});

test("a SharedArray that comes back through its handle is the same object", () => {
  for (const length of [3, 10_000]) {
    const array = new SharedArray("float64", length);
    assert.equal(fromHandle(array[handleOf]().data), array);
  }
  assert.throws(() => fromHandle([{}, "int32", 3, false]), /malformed/);
  assert.throws(() => fromHandle([{}, "int32"]), /malformed/);
  assert.throws(() => fromHandle([Block.allocate(64).send(), "uint8", 1_000_000, false]), RangeError);
});

test("the memory of a SharedArray cannot be transferred away", () => {
  for (const length of [10, 10_000]) {
    const { view } = new SharedArray("uint8", length);
    try {
      structuredClone(view, { transfer: [view.buffer as ArrayBuffer] });
    } catch {
      // Some versions of Node refuse; others copy.
    }
    assert.equal(view.length, length);
  }
});

test("a SharedArray shows its elements", () => {
  const array = new SharedArray("int32", [2, 4, 6, 8]);
  assert.equal(`${array}`, "[2, 4, 6, 8]");
  assert.equal(JSON.stringify(array), "[2,4,6,8]");
  assert.equal(inspect(array), "SharedArray<int32> Int32Array(4) [ 2, 4, 6, 8 ]");
  assert.equal(inspect({ deep: { er: { array } } }).includes("SharedArray"), true);
});
