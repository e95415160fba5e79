/** The types of shared objects: what is inferred, and what must not compile. */
import { test } from "node:test";
import { expectTypeOf } from "expect-type";
import { type Lock, SharedArray, SharedStruct, SharedStructArray, SharedValue } from "manyhands";

test("the type of a value follows from its name", () => {
  expectTypeOf(new SharedValue("int32").value).toEqualTypeOf<number>();
  expectTypeOf(new SharedValue("int64").value).toEqualTypeOf<bigint>();
  expectTypeOf(new SharedValue("bool").value).toEqualTypeOf<boolean>();
  expectTypeOf(new SharedValue("uint64").add(1n)).toEqualTypeOf<bigint>();
  expectTypeOf(new SharedValue("int8").lock).toEqualTypeOf<Lock>();
});

test("the view of an array is the typed array of its type", () => {
  expectTypeOf(new SharedArray("float64", 1).view).toEqualTypeOf<Float64Array>();
  expectTypeOf(new SharedArray("int64", [1n]).view).toEqualTypeOf<BigInt64Array>();
  expectTypeOf([...new SharedArray("bool", [true])]).toEqualTypeOf<boolean[]>();
});

test("the fields of a struct have the types of the schema", () => {
  const point = new (SharedStruct({ x: "float64", id: "int64" }))({ x: 1 });
  expectTypeOf(point.x).toEqualTypeOf<number>();
  expectTypeOf(point.id).toEqualTypeOf<bigint>();
  expectTypeOf(point.add("id", 1n)).toEqualTypeOf<bigint>();
});

test("the structs of an array are those of its class", () => {
  const Point = SharedStruct({ x: "float64", id: "int64", isOn: "bool" });
  const points = new SharedStructArray(Point, [{ x: 1 }]);
  expectTypeOf(points).toEqualTypeOf<SharedStructArray<typeof Point>>();
  expectTypeOf(points.at(0)).toEqualTypeOf<InstanceType<typeof Point>>();
  expectTypeOf(points.at(0).x).toEqualTypeOf<number>();
  expectTypeOf(points.at(0).add("id", 1n)).toEqualTypeOf<bigint>();
  expectTypeOf([...points].map(({ isOn }) => isOn)).toEqualTypeOf<boolean[]>();
  expectTypeOf(points.toJSON()).toEqualTypeOf<{ x: number; id: bigint; isOn: boolean }[]>();
  class Account extends SharedStruct({ balance: "int64" }) {
    constructor(start: bigint) {
      super({ balance: start });
    }
  }
  expectTypeOf(new SharedStructArray(Account, 3).at(0)).toEqualTypeOf<Account>();
});

test("what is of the wrong kind does not compile", () => {
  const misuse = (): void => {
    // @ts-expect-error -- there is no such type
    new SharedValue("int");
    // @ts-expect-error -- a 64-bit integer is a bigint
    new SharedValue("int64", 1);
    // @ts-expect-error -- nothing can be added to a bool
    new SharedValue("bool").add(true);
    // @ts-expect-error -- the values have another type
    new SharedArray("int32", ["1"]);
    // @ts-expect-error -- no lock is a lock
    new SharedArray("int32", 1, { lock: 1 });
    // @ts-expect-error -- there is no such field
    new (SharedStruct({ x: "int8" }))({ y: 1 });
    const points = new SharedStructArray(SharedStruct({ x: "int8", y: "int64" }), 1);
    // @ts-expect-error -- there is no such field
    points.at(0).z = 1;
    // @ts-expect-error -- a 64-bit integer is a bigint
    points.at(0).y = 1;
    // @ts-expect-error -- a whole struct has all fields
    points.set(0, { x: 1 });
    // @ts-expect-error -- there is no such field
    points.set(0, { x: 1, y: 1n, z: 1 });
    // @ts-expect-error -- there is no such field
    new SharedStructArray(SharedStruct({ x: "int8" }), [{ y: 1 }]);
    // @ts-expect-error -- no class of structs
    new SharedStructArray("int8", 1);
  };
  expectTypeOf(misuse).toBeFunction();
});
