import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Lock, SharedValue, StateError, type ElementOf, type ElementType } from "manyhands";
import { handleOf } from "#lib/memory/handle.js";
import { fromHandle } from "#lib/shared/shared-value.js";

const integers = [
  ["int8", -128, 127],
  ["uint8", 0, 255],
  ["int16", -32_768, 32_767],
  ["uint16", 0, 65_535],
  ["int32", -2_147_483_648, 2_147_483_647],
  ["uint32", 0, 4_294_967_295],
] as const;

const bigIntegers = [
  ["int64", -(2n ** 63n), 2n ** 63n - 1n],
  ["uint64", 0n, 2n ** 64n - 1n],
] as const;

test("a new SharedValue is zero, or false, or what it was given", () => {
  for (const [type] of integers) assert.equal(new SharedValue(type).value, 0);
  for (const [type] of bigIntegers) assert.equal(new SharedValue(type).value, 0n);
  assert.equal(new SharedValue("float32").value, 0);
  assert.equal(new SharedValue("float64", 0.1).value, 0.1);
  assert.equal(new SharedValue("bool").value, false);
  assert.equal(new SharedValue("bool", true).value, true);
  assert.equal(new SharedValue("int64", -5n).value, -5n);
});

test("memory that was used before is zero when it is used again", () => {
  for (let round = 0; round < 300; round++) {
    assert.equal(new SharedValue("uint32").value, 0);
    new SharedValue("uint32", 4_000_000_000);
  }
});

for (const [type, min, max] of [...integers, ...bigIntegers]) {
  test(`SharedValue of ${type} takes ${min} to ${max}, and refuses what is beyond`, () => {
    takesFromTo(type, min, max);
  });
}

function takesFromTo<T extends ElementType>(type: T, min: ElementOf<T>, max: ElementOf<T>): void {
  const beyond = (value: ElementOf<T>, step: 1 | -1): ElementOf<T> =>
    (typeof value === "bigint" ? value + BigInt(step) : Number(value) + step) as ElementOf<T>;
  const one = (typeof min === "bigint" ? 1n : 1) as Parameters<SharedValue<T>["add"]>[0];
  const shared = new SharedValue(type, min);
  assert.equal(shared.value, min);
  assert.throws(() => (shared.value = beyond(min, -1)), RangeError);
  assert.equal(shared.value, min);
  shared.value = max;
  assert.equal(shared.value, max);
  assert.throws(() => (shared.value = beyond(max, 1)), RangeError);
  assert.throws(() => shared.exchange(beyond(max, 1)), RangeError);
  assert.throws(() => shared.compareExchange(max, beyond(max, 1)), RangeError);
  assert.throws(() => shared.add(one), RangeError);
  assert.equal(shared.value, max);
  assert.throws(() => new SharedValue(type, beyond(max, 1)), RangeError);
}

test("a value of another kind is a TypeError, and a number that is no integer a RangeError", () => {
  const whole = new SharedValue("int32", 7);
  for (const wrong of ["8", null, {}, true, 8n, undefined]) {
    assert.throws(() => (whole.value = wrong as number), TypeError);
    assert.throws(() => whole.add(wrong as number), TypeError);
    assert.throws(() => whole.exchange(wrong as number), TypeError);
  }
  for (const wrong of [1.5, NaN, Infinity, -Infinity]) {
    assert.throws(() => (whole.value = wrong), RangeError);
    assert.throws(() => whole.add(wrong), RangeError);
  }
  assert.equal(whole.value, 7);
  const wide = new SharedValue("uint64", 7n);
  assert.throws(() => (wide.value = 8 as unknown as bigint), TypeError);
  assert.throws(() => wide.add(1 as unknown as bigint), TypeError);
  assert.throws(() => (new SharedValue("float64").value = "1" as unknown as number), TypeError);
  assert.throws(() => (new SharedValue("float64").value = 1n as unknown as number), TypeError);
  assert.throws(() => (new SharedValue("bool").value = 1 as unknown as boolean), TypeError);
  assert.throws(() => new SharedValue("bool", true).add(1 as never), TypeError);
  assert.throws(() => new SharedValue("int" as "int32"), /the types are int8, /);
  assert.throws(() => new SharedValue("toString" as "int32"), TypeError);
});

test("a refusal says what was wrong", () => {
  assert.throws(() => (new SharedValue("uint8").value = 300), {
    name: "RangeError",
    message: "Cannot use 300 as uint8: it takes an integer from 0 to 255",
  });
  assert.throws(() => (new SharedValue("int32").value = "7" as unknown as number), {
    name: "TypeError",
    message: 'Cannot use "7" as int32: it takes an integer from -2147483648 to 2147483647',
  });
  assert.throws(() => new SharedValue("uint8", 250).add(10), {
    message: "Cannot add 10 to 250: the sum does not fit uint8, and the value stays as it is",
  });
});

test("SharedValue.add() returns what the value was, and takes negative amounts", () => {
  for (const [type] of integers) {
    const shared = new SharedValue(type, 5);
    assert.equal(shared.add(3), 5);
    assert.equal(shared.add(-8), 8);
    assert.equal(shared.value, 0);
  }
  const wide = new SharedValue("int64", 5n);
  assert.equal(wide.add(-7n), 5n);
  assert.equal(wide.value, -2n);
  for (const type of ["float32", "float64"] as const) {
    const float = new SharedValue(type, 0.5);
    assert.equal(float.add(0.25), 0.5);
    assert.equal(float.value, 0.75);
  }
});

test("SharedValue.exchange() and compareExchange() return what the value was", () => {
  for (const type of ["int8", "uint32", "float32", "float64"] as const) {
    const shared = new SharedValue(type, 5);
    assert.equal(shared.exchange(6), 5);
    assert.equal(shared.compareExchange(5, 9), 6);
    assert.equal(shared.value, 6);
    assert.equal(shared.compareExchange(6, 9), 6);
    assert.equal(shared.value, 9);
  }
  const flag = new SharedValue("bool");
  assert.equal(flag.compareExchange(true, true), false);
  assert.equal(flag.value, false);
  assert.equal(flag.exchange(true), false);
  assert.equal(flag.exchange(false), true);
});

test("floats keep -0, NaN and infinities, and are compared by value", () => {
  for (const type of ["float32", "float64"] as const) {
    const shared = new SharedValue(type);
    for (const value of [-0, NaN, Infinity, -Infinity, 1.5]) {
      shared.value = value;
      assert.ok(Object.is(shared.value, value));
    }
    shared.value = -0;
    assert.ok(Object.is(shared.compareExchange(0, NaN), -0));
    assert.equal(shared.compareExchange(NaN, 2), NaN);
    assert.equal(shared.value, 2);
    shared.value = Infinity;
    shared.add(1);
    assert.equal(shared.value, Infinity);
  }
  const small = new SharedValue("float32", 0.1);
  assert.equal(small.value, Math.fround(0.1));
  assert.equal(small.compareExchange(0.1, 1), Math.fround(0.1));
  assert.equal(small.value, 1);
  assert.throws(() => (small.value = 1e39), RangeError);
  small.value = 3e38;
  assert.throws(() => small.add(3e38), RangeError);
  assert.equal(small.value, Math.fround(3e38));
});

test("a float whose NaN has other bits than JavaScript's can be added to and exchanged", () => {
  const array = new Float64Array(1);
  new BigUint64Array(array.buffer)[0] = 0xfff4_0000_0000_0001n;
  const shared = new SharedValue("float64", array[0]);
  assert.equal(shared.add(1), NaN);
  assert.equal(shared.compareExchange(NaN, 4), NaN);
  assert.equal(shared.value, 4);
});

test("each SharedValue has a lock of its own, the one it was given, or none", () => {
  const shared = new SharedValue("int32");
  assert.equal(shared.lock, shared.lock);
  assert.notEqual(shared.lock, new SharedValue("int32").lock);
  const lock = new Lock();
  assert.equal(new SharedValue("int32", 0, { lock }).lock, lock);
  assert.throws(() => new SharedValue("int32", 0, { lock: false }).lock, StateError);
  assert.throws(() => new SharedValue("int32", 0, { lock: {} as Lock }), TypeError);
  {
    using held = shared.lock.acquireSync();
    shared.value += Number(held.isHeld);
  }
  assert.equal(shared.value, 1);
});

test("a SharedValue that comes back through its handle is the same object", () => {
  const shared = new SharedValue("int32", 3);
  const { kind, data } = shared[handleOf]();
  assert.equal(kind, "shared-value");
  assert.equal(fromHandle(data), shared);
  assert.throws(() => fromHandle([{ arena: 1 }, "int32", false]), /malformed/);
  assert.throws(() => fromHandle([0, "int3", false]), /malformed/);
  assert.throws(() => fromHandle(null), /malformed/);
});

test("a SharedValue shows its value", () => {
  const shared = new SharedValue("int32", 100);
  assert.equal(`${shared}`, "100");
  assert.equal(inspect(shared), "SharedValue<int32> 100");
  assert.equal(JSON.stringify({ shared }), '{"shared":100}');
});
