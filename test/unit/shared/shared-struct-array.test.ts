import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Lock, SharedArray, SharedStruct, SharedStructArray, StateError, type ElementType } from "manyhands";
import { Block } from "#lib/memory/block.js";
import { handleOf } from "#lib/memory/handle.js";
import { fromHandle } from "#lib/shared/shared-struct-array.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function collected(ref: WeakRef<object>): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    // Whether it is there is asked last: that alone keeps it for the rest of this turn.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    if (ref.deref() === undefined) return;
    assert.ok(Date.now() < deadline, "not collected within a minute");
  }
}

const Point = SharedStruct({ x: "float64", y: "float64" });
const Everything = SharedStruct({
  bool: "bool",
  int64: "int64",
  int8: "int8",
  uint16: "uint16",
  uint8: "uint8",
  float32: "float32",
  int16: "int16",
  float64: "float64",
  int32: "int32",
  uint64: "uint64",
  uint32: "uint32",
});
const full = {
  bool: true,
  int64: -(2n ** 63n),
  int8: -128,
  uint16: 65_535,
  uint8: 255,
  float32: 0.5,
  int16: -32_768,
  float64: 0.1,
  int32: -(2 ** 31),
  uint64: 2n ** 64n - 1n,
  uint32: 2 ** 32 - 1,
};
const zero = new Everything().toJSON();

test("an array of structs of a length is zeroed, whatever its memory was used for before", () => {
  for (let round = 0; round < 20; round++) {
    for (const length of [0, 1, 3, 2_000]) {
      const array = new SharedStructArray(Everything, length);
      assert.equal(array.length, length);
      assert.ok([...array].every((struct) => struct.int64 === 0n && !struct.bool && struct.uint32 === 0));
      for (let index = 0; index < length; index++) array.set(index, full);
    }
  }
});

test("an array of structs begins with the values of any iterable; fields that are not given are zero", () => {
  const values = [{ x: 1.875, y: -6.25 }, { x: -5.75 }, {}];
  const expected = [
    { x: 1.875, y: -6.25 },
    { x: -5.75, y: 0 },
    { x: 0, y: 0 },
  ];
  assert.deepEqual(new SharedStructArray(Point, values).toJSON(), expected);
  assert.deepEqual(new SharedStructArray(Point, new Set(values)).toJSON(), expected);
  assert.deepEqual(new SharedStructArray(Point, new SharedStructArray(Point, values)).toJSON(), expected);
  assert.throws(() => new SharedStructArray(Everything, [{}, { int8: 128 }]), RangeError);
  assert.throws(() => new SharedStructArray(Point, [{ x: "1" as unknown as number }]), TypeError);
  assert.throws(() => new SharedStructArray(Point, [{ z: 1 } as object]), /the field "z" .*: it has x, y/);
  assert.throws(() => new SharedStructArray(Point, [[1, 2]] as object[]), /the field "0"/);
  for (const wrong of [5, null, undefined, "xy"])
    assert.throws(() => new SharedStructArray(Point, [wrong as unknown as object]), /Cannot use/);
  for (const wrong of [null, undefined, {}, "12"]) assert.throws(() => new SharedStructArray(Point, wrong as object[]), TypeError);
});

test("what is no class of structs, or no length, is refused with words", () => {
  for (const wrong of [Object, "int32", {}, null])
    assert.throws(() => new SharedStructArray(wrong as typeof Point, 1), /needs a class that SharedStruct made/);
  assert.throws(() => new SharedArray(Point as unknown as ElementType, 1), /use new SharedStructArray/);
  for (const length of [-1, 1.5, NaN, Infinity, 2 ** 53]) assert.throws(() => new SharedStructArray(Point, length), RangeError);
});

test("the fields of the structs of an array do not touch each other", () => {
  const array = new SharedStructArray(Everything, 3);
  array.set(1, full);
  assert.deepEqual(array.toJSON(), [zero, full, zero]);
  array.set(0, full);
  array.set(2, full);
  for (const [name, value] of Object.entries(zero)) Object.assign(array.at(1), { [name]: value });
  assert.deepEqual(array.toJSON(), [full, zero, full]);
});

test("SharedStructArray.at() is the memory itself, counts from the end, and refuses what is outside", () => {
  for (const length of [3, 2_000]) {
    const points = new SharedStructArray(Point, length);
    const last = points.at(-1);
    assert.ok(last instanceof Point);
    last.x += 1.5;
    assert.equal(points.at(length - 1).add("x", 1), 1.5);
    assert.deepEqual(last.toJSON(), { x: 2.5, y: 0 });
    for (const index of [length, -length - 1, 0.5, NaN, Infinity, "x" as unknown as number]) {
      assert.throws(() => points.at(index), RangeError);
      assert.throws(() => points.set(index, { x: 1, y: 1 }), RangeError);
    }
  }
  assert.throws(() => new SharedStructArray(Point, 0).at(0), RangeError);
});

test("a field of a struct in an array takes what its type takes, and stays as it was when it does not", () => {
  const array = new SharedStructArray(Everything, [full]);
  const struct = array.at(0);
  assert.throws(() => (struct.uint8 = 256), RangeError);
  assert.throws(() => (struct.int64 = 1 as unknown as bigint), TypeError);
  assert.throws(() => (struct.bool = 1 as unknown as boolean), TypeError);
  assert.throws(() => struct.add("int8", -1), RangeError);
  assert.throws(() => struct.add("uint64", 1n), RangeError);
  assert.throws(() => struct.add("none" as "int8", 1), TypeError);
  assert.deepEqual(struct.toJSON(), full);
});

test("SharedStructArray.set() writes all fields or, when one does not fit, is missing or unknown, none", () => {
  const points = new SharedStructArray(SharedStruct({ x: "float64", hits: "uint8" }), [{ x: 1, hits: 1 }, {}]);
  points.set(-1, { hits: 2, x: 2 });
  for (const wrong of [{ x: 9, hits: 256 }, { x: 9 }, { hits: 9 }, { x: 9, hits: 9, z: 9 }, { x: 9, hits: undefined }, [9, 9], null, 9]) {
    assert.throws(
      () => points.set(0, wrong as { x: number; hits: number }),
      (error) => error instanceof TypeError || error instanceof RangeError,
    );
  }
  assert.throws(() => points.set(0, { x: 9 } as { x: number; hits: number }), /no field "hits"/);
  assert.deepEqual(points.toJSON(), [
    { x: 1, hits: 1 },
    { x: 2, hits: 2 },
  ]);
  points.set(0, points.at(1));
  assert.deepEqual(points.at(0).toJSON(), { x: 2, hits: 2 });
});

test("the structs of an array of a class that extends another have its methods; its constructor is not called", () => {
  class Account extends SharedStruct({ balance: "int64" }) {
    constructor(start: bigint) {
      if (typeof start !== "bigint") throw new TypeError("needs a start");
      super({ balance: start });
    }

    deposit(amount: bigint): void {
      this.add("balance", amount);
    }
  }
  const accounts = new SharedStructArray(Account, 2);
  for (const account of accounts) account.deposit(5n);
  accounts.set(1, new Account(7n));
  assert.ok(accounts.at(0) instanceof Account);
  assert.deepEqual(accounts.toJSON(), [{ balance: 5n }, { balance: 7n }]);
});

test("a SharedStruct begins with the fields of another one", () => {
  assert.deepEqual(new Point(new SharedStructArray(Point, [{ x: 1, y: 2 }]).at(0)).toJSON(), { x: 1, y: 2 });
  assert.throws(() => new Point(5 as unknown as object), TypeError);
});

test("each array of structs has a lock of its own, the one it was given, or none; it is the lock of its structs", () => {
  const points = new SharedStructArray(Point, 2);
  assert.equal(points.lock, points.lock);
  assert.equal(points.at(1).lock, points.lock);
  const lock = new Lock();
  assert.equal(new SharedStructArray(Point, 1, { lock }).at(0).lock, lock);
  const without = new SharedStructArray(Point, 1, { lock: false });
  assert.throws(() => without.lock, StateError);
  assert.throws(() => without.at(0).lock, StateError);
});

test("an array of structs that comes back through its handle is the same object, and its struct the same memory", () => {
  for (const length of [3, 2_000]) {
    const points = new SharedStructArray(Point, length);
    assert.equal(fromHandle(points[handleOf]().data), points);
    const point = points.at(1);
    const again = fromHandle(point[handleOf]().data);
    assert.ok(again instanceof Point);
    again.y = 4;
    assert.equal(point.y, 4);
  }
  for (const malformed of [{}, null, [], [{}, Point], [{}, Object, 3, false], [{}, Point, "3", false]])
    assert.throws(() => fromHandle(malformed), /malformed/);
  assert.throws(() => fromHandle([Block.allocate(64).send(), Point, 1_000_000, false]), RangeError);
});

test("an array of structs shows its fields, as many as any array", () => {
  const points = new SharedStructArray(Point, [{ x: 1.5 }]);
  assert.equal(JSON.stringify(points), '[{"x":1.5,"y":0}]');
  assert.equal(inspect(points), "SharedStructArray<SharedStruct> [ { x: 1.5, y: 0 } ]");
  assert.match(inspect(new SharedStructArray(Point, 150)), /\{ x: 0, y: 0 \},\n {2}... 50 more items\n\]$/);
  assert.match(inspect(points, { maxArrayLength: null }), /x: 1.5/);
});

test("an array keeps none of its structs; a struct keeps the memory of its array, and nothing does after it", async () => {
  const points = new SharedStructArray(Point, 3);
  await collected(((): WeakRef<object> => new WeakRef(points.at(0)))());
  assert.equal(points.at(0).x, 0);

  const lone = (() => {
    const array = new SharedStructArray(Point, 3);
    return { struct: array.at(1), array: new WeakRef(array) };
  })();
  const held: { struct?: { x: number } } = { struct: lone.struct };
  Reflect.deleteProperty(lone, "struct");
  held.struct!.x = 7;
  // What is collected at the same time, and made again in its place, is not this array.
  for (let round = 0; round < 5; round++) {
    await collected(((): WeakRef<object> => new WeakRef(new SharedStructArray(Point, [{ x: 1 }, { x: 2 }, { x: 3 }])))());
    for (let number = 0; number < 100; number++) new SharedStructArray(Point, [{ x: 1 }, { x: 2 }, { x: 3 }]);
  }
  assert.equal(held.struct?.x, 7);
  delete held.struct;
  await collected(lone.array);
});
