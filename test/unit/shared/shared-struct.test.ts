import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Lock, SharedStruct, StateError, type StructSchema } from "manyhands";
import { handleOf } from "#lib/memory/handle.js";
import { fromHandle } from "#lib/shared/shared-struct.js";
import { layoutOf } from "#lib/shared/struct-layout.js";

const Everything = SharedStruct({
  int8: "int8",
  uint8: "uint8",
  int16: "int16",
  uint16: "uint16",
  int32: "int32",
  uint32: "uint32",
  int64: "int64",
  uint64: "uint64",
  float32: "float32",
  float64: "float64",
  bool: "bool",
});

test("the fields of a struct begin at zero, or with what was given, and do not touch each other", () => {
  const values = {
    int8: -1,
    uint8: 255,
    int16: -2,
    uint16: 65_535,
    int32: -3,
    uint32: 4_294_967_295,
    int64: -4n,
    uint64: 5n,
    float32: 0.5,
    float64: 0.1,
    bool: true,
  };
  const zero = new Everything();
  const full = new Everything(values);
  assert.deepEqual(full.toJSON(), values);
  assert.deepEqual(Object.values(zero.toJSON()), [0, 0, 0, 0, 0, 0, 0n, 0n, 0, 0, false]);
  full.uint8 = 0;
  full.int64 = 0n;
  assert.deepEqual(full.toJSON(), { ...values, uint8: 0, int64: 0n });
});

test("a field takes what its type takes, and stays as it was when it does not", () => {
  const Point = SharedStruct({ x: "float64", hits: "uint8" });
  const point = new Point({ x: 1.5, hits: 250 });
  assert.equal(point.add("hits", 5), 250);
  assert.throws(() => point.add("hits", 1), RangeError);
  assert.throws(() => (point.hits = 256), RangeError);
  assert.throws(() => (point.x = "1" as unknown as number), TypeError);
  assert.throws(() => new Point({ hits: -1 }), RangeError);
  assert.throws(() => new Point({ y: 1 } as object), /the field "y" .*: it has x, hits/);
  assert.throws(() => point.add("y" as "x", 1), TypeError);
  point.x += 1;
  assert.deepEqual(point.toJSON(), { x: 2.5, hits: 255 });
  assert.equal(inspect(point), "SharedStruct { x: 2.5, hits: 255 }");
});

test("fields are laid out as C does", () => {
  const layout = layoutOf({ a: "uint8", b: "float64", c: "int16", d: "int32", e: "bool" }, () => false);
  assert.deepEqual(
    layout.fields.map(({ byteOffset }) => byteOffset),
    [0, 8, 16, 20, 24],
  );
  assert.equal(layout.sizeBytes, 32);
  assert.equal(SharedStruct({ a: "uint8", b: "int16" }).sizeBytes, 4);
});

test("a schema that is none is refused with words", () => {
  assert.throws(() => SharedStruct({ x: "int" } as unknown as StructSchema), /the field x of the type int: the types are/);
  for (const name of ["lock", "add", "toJSON", "constructor", "toString"])
    assert.throws(() => SharedStruct({ [name]: "int8" }), /every struct has/);
  for (const wrong of [null, undefined, "x", {}]) assert.throws(() => SharedStruct(wrong as StructSchema), TypeError);
});

test("the same schema gives the same class, another order of fields another one", () => {
  assert.equal(SharedStruct({ x: "int8", y: "int8" }), SharedStruct({ x: "int8", y: "int8" }));
  assert.notEqual(SharedStruct({ x: "int8", y: "int8" }), SharedStruct({ y: "int8", x: "int8" }));
  assert.ok(new Everything() instanceof Everything);
});

test("each struct has a lock of its own, the one it was given, or none", () => {
  const lock = new Lock();
  assert.equal(new Everything({}, { lock }).lock, lock);
  const struct = new Everything();
  assert.equal(struct.lock, struct.lock);
  assert.throws(() => new Everything({}, { lock: false }).lock, StateError);
});

test("a struct that comes back through its handle is the same object", () => {
  const struct = new Everything();
  assert.equal(fromHandle(struct[handleOf]().data), struct);
  for (const malformed of [[{}, Object, false], [], null, 3, { x: "int" }]) assert.throws(() => fromHandle(malformed));
});
