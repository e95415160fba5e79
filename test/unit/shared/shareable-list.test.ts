import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { ClosedError, ShareableList, SharedMemory, StateError, type ListItem } from "manyhands";
import { handleOf } from "#lib/memory/handle.js";
import { fromHandle } from "#lib/shared/shareable-list.js";

const everything: ListItem[] = [
  "howdy",
  "",
  "NULs at the end\0\0",
  "日本語 👋 é",
  7,
  -0,
  NaN,
  Infinity,
  0.1,
  2 ** 53,
  7n,
  -(2n ** 63n),
  2n ** 63n - 1n,
  true,
  false,
  null,
  new Uint8Array([0, 1, 0, 0]),
  new Uint8Array(0),
];

test("a ShareableList gives its items back exactly, with their types", () => {
  const list = new ShareableList(everything);
  assert.equal(list.length, everything.length);
  assert.deepEqual([...list], everything);
  assert.deepEqual([...new ShareableList(new Set([1, "a"]))], [1, "a"]);
  assert.equal(new ShareableList([]).length, 0);
});

test("an item may be replaced by whatever fits its room; what does not changes nothing", () => {
  const list = new ShareableList(["before", "howdy", "after"]);
  list.set(1, "12345é7");
  assert.equal(list.at(1), "12345é7");
  assert.throws(() => list.set(1, "12345é78"), {
    name: "RangeError",
    message: "Cannot set the item 1 of a shareable list: it has room for 8 bytes, and the new one has 9",
  });
  assert.throws(() => list.set(1, new Uint8Array(9)), RangeError);
  assert.deepEqual([...list], ["before", "12345é7", "after"]);
  for (const item of [1, 1n, true, null, new Uint8Array([255]), "", "12345678"]) {
    list.set(-2, item);
    assert.deepEqual([...list], ["before", item, "after"]);
  }
  const numbers = new ShareableList([1, null, true]);
  for (let index = 0; index < 3; index++) numbers.set(index, "8 bytes!");
  assert.deepEqual([...numbers], ["8 bytes!", "8 bytes!", "8 bytes!"]);
  assert.throws(() => numbers.set(0, "9 bytes!!"), RangeError);
});

test("room is counted in bytes, in steps of eight", () => {
  const list = new ShareableList(["1234567", "12345678", "éééé"]);
  list.set(0, "x".repeat(8));
  list.set(1, "x".repeat(16));
  list.set(2, "x".repeat(16));
  assert.throws(() => list.set(0, "x".repeat(9)), RangeError);
  assert.throws(() => list.set(1, "x".repeat(17)), RangeError);
  assert.deepEqual([...list], ["x".repeat(8), "x".repeat(16), "x".repeat(16)]);
});

test("an index outside is a RangeError, one below zero counts from the end", () => {
  const list = new ShareableList([1, 2, 3]);
  assert.equal(list.at(-3), 1);
  for (const index of [3, -4, 0.5, NaN, "0" as unknown as number]) {
    assert.throws(() => list.at(index), RangeError);
    assert.throws(() => list.set(index, 1), RangeError);
  }
});

test("what a list cannot hold is refused", () => {
  const list = new ShareableList([1]);
  for (const value of [undefined, {}, [], Symbol("s"), () => 1, new Date(), new Uint16Array(1)]) {
    assert.throws(() => list.set(0, value as unknown as ListItem), TypeError);
    assert.throws(() => new ShareableList([value as unknown as ListItem]), TypeError);
  }
  for (const value of [2n ** 63n, -(2n ** 63n) - 1n, "half \ud800"]) assert.throws(() => list.set(0, value), RangeError);
  for (const items of [null, 3, "abc"]) assert.throws(() => new ShareableList(items as unknown as ListItem[]), TypeError);
  assert.deepEqual([...list], [1]);
});

test("a list needs items, and a name to persist", () => {
  assert.throws(() => new ShareableList({} as never), TypeError);
  assert.throws(() => new ShareableList([1], { persist: true }), /only one with a name can persist/);
});

test("indexOf(), includes() and count() compare by value", () => {
  const list = new ShareableList(everything);
  for (const item of everything) assert.ok(list.includes(item));
  assert.equal(list.indexOf(7), 4);
  assert.equal(list.indexOf(7n), 10);
  assert.equal(list.indexOf(0), 5);
  assert.equal(list.indexOf(NaN), 6);
  assert.equal(list.indexOf(new Uint8Array([0, 1, 0, 0])), 16);
  assert.equal(list.indexOf("nothing"), -1);
  assert.equal(list.includes(1), false);
  assert.equal(new ShareableList(["a", 1, "a", true]).count("a"), 2);
  assert.equal(new ShareableList(["a", 1, "a", true]).count(true), 1);
});

test("bytes are copied in and out", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const list = new ShareableList([bytes]);
  bytes[0] = 9;
  const read = list.at(0);
  assert.deepEqual(read, new Uint8Array([1, 2, 3]));
  assert.ok(read instanceof Uint8Array);
  read[1] = 9;
  assert.deepEqual(list.at(0), new Uint8Array([1, 2, 3]));
});

test("a ShareableList with a name can be attached to, closed and unlinked", () => {
  const name = `list-${process.pid}`;
  const list = new ShareableList(everything, { name });
  const attached = ShareableList.attach(name);
  assert.deepEqual([...attached], everything);
  attached.set(0, "changed");
  assert.equal(list.at(0), "changed");
  assert.throws(() => new ShareableList([1], { name }), StateError);
  attached.memory?.close();
  assert.throws(() => attached.at(0), ClosedError);
  assert.throws(() => attached.set(0, 1), ClosedError);
  assert.throws(() => [...attached], ClosedError);
  assert.equal(inspect(attached), "ShareableList (closed)");
  assert.equal(list.at(0), "changed");
  list.memory?.unlink();
  assert.throws(() => ShareableList.attach(name), StateError);
  assert.equal(new ShareableList([1]).memory, undefined);
});

test("memory that holds something else is not taken for a list", () => {
  const name = `no-list-${process.pid}`;
  using memory = SharedMemory.create({ name, size: 100 });
  try {
    const int32 = new Int32Array(memory.buffer);
    for (const words of [
      [0, 0],
      [1, 1_000_000],
      [1, -1],
      [1, 2, 16, 8, 96, 8],
      [1, 1, 17, 8],
      [1, 1, 16, 7],
      [1, 1, 0, 8],
      [1, 1, 16, 2 ** 30],
    ]) {
      int32.fill(0);
      int32.set(words);
      assert.throws(() => ShareableList.attach(name), /holds something else/);
    }
  } finally {
    memory.unlink();
  }
});

test("a ShareableList that comes back through its handle is the same object", () => {
  for (const items of [[1], ["x".repeat(10_000)]]) {
    const list = new ShareableList(items);
    assert.equal(fromHandle(list[handleOf]().data), list);
  }
  assert.throws(() => fromHandle({}), /malformed/);
});

test("a ShareableList shows its items", () => {
  assert.equal(inspect(new ShareableList([1, "a", null])), "ShareableList [ 1, 'a', null ]");
  assert.equal(JSON.stringify(new ShareableList([1, "a", null])), '[1,"a",null]');
});
