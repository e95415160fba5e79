/** Values and arrays between processes, and between threads. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Lock, SharedArray, SharedValue } from "manyhands";
import { backends } from "./backends.js";

for (const { kind, Process, Pool } of backends) {
  test(`${kind}: 4 workers x 2000 locked increments of a value make 8000`, async () => {
    const shared = new SharedValue("int32");
    const workers = Array.from({ length: 4 }, () =>
      new Process(
        (value: SharedValue<"int32">) => {
          for (let round = 0; round < 2_000; round++) {
            using held = value.lock.acquireSync();
            value.value += Number(held.isHeld);
          }
        },
        [shared],
      ).start(),
    );
    for (const worker of workers) assert.equal(await worker.join(), 0);
    assert.equal(shared.value, 8_000);
  });

  test(`${kind}: additions of 3 workers without a lock are exact, for every type`, async () => {
    const numbers = (["int32", "uint32", "float32", "float64"] as const).map((type) => new SharedValue(type, 0, { lock: false }));
    const bigs = (["int64", "uint64"] as const).map((type) => new SharedValue(type, 0n, { lock: false }));
    const bytes = new SharedArray("uint8", 8);
    const add = () => {
      for (let round = 0; round < 5_000; round++) {
        for (const value of numbers) value.add(1);
        for (const value of bigs) value.add(1n);
        // Neighbours in one word do not disturb each other.
        if (round % 100 === 0) for (let index = 0; index < bytes.length; index++) bytes.add(index, 1);
      }
    };
    const workers = Array.from({ length: 3 }, () => new Process(add).start());
    for (const worker of workers) assert.equal(await worker.join(), 0);
    assert.deepEqual(
      numbers.map(({ value }) => value),
      [15_000, 15_000, 15_000, 15_000],
    );
    assert.deepEqual(
      bigs.map(({ value }) => value),
      [15_000n, 15_000n],
    );
    assert.deepEqual(
      [...bytes],
      Array.from({ length: 8 }, () => 150),
    );
  });

  test(`${kind}: an array is the same memory in the worker`, async () => {
    const array = new SharedArray("int32", [1, 2, 3, 4]);
    const num = new SharedValue("int32");
    const worker = new Process(
      (value: SharedValue<"int32">, numbers: SharedArray<"int32">) => {
        value.value = 100;
        for (let index = 0; index < numbers.length; index++) numbers.view[index]! *= 2;
      },
      [num, array],
    );
    assert.equal(await worker.start().join(), 0);
    assert.equal(num.value, 100);
    assert.deepEqual([...array], [2, 4, 6, 8]);
  });

  test(`${kind}: values and arrays travel inside of others, there and back, and stay what they are`, async () => {
    const value = new SharedValue("float64", 1.5);
    const small = new SharedArray("bool", [true, false]);
    const large = new SharedArray("float64", 100_000);
    const lock = new Lock();
    const locked = new SharedArray("int64", [1n], { lock });
    const target = (given: { map: Map<string, unknown>; list: [SharedValue<"float64">, SharedArray<"bool">, SharedArray<"float64">] }) => {
      const [number, flags, array] = given.list;
      number.add(1);
      flags.set(1, true);
      array.view.fill(3);
      return { ...given, same: given.map.get("value") === number };
    };
    const worker = new Process(target, [
      {
        map: new Map<string, unknown>([
          ["value", value],
          ["lock", lock],
          ["locked", locked],
        ]),
        list: [value, small, large],
      },
    ]);
    const result = await worker.start().result();
    assert.equal(result.same, true);
    assert.equal(result.list[0], value);
    assert.equal(result.list[1], small);
    assert.equal(result.list[2], large);
    assert.equal(result.map.get("locked"), locked);
    assert.equal(locked.lock, lock);
    assert.equal(value.value, 2.5);
    assert.deepEqual([...small], [true, true]);
    assert.ok(large.view.every((element) => element === 3));
  });

  test(`${kind}: what a worker makes is held by whoever received it, after the worker has ended`, async () => {
    const worker = new Process(() => {
      const error = Object.assign(new Error("carries"), { value: new SharedValue("int32", 7) });
      return [new SharedArray("float64", [1, 2]), new SharedArray("uint8", 100_000).fill(9), error] as const;
    }).start();
    const [small, large, error] = await worker.result();
    await worker.join();
    assert.deepEqual([...small], [1, 2]);
    assert.equal(large.at(-1), 9);
    assert.equal(error.value.value, 7);
    assert.equal(error.value.lock.locked, false);
  });

  test(`${kind}: a captured value counts what a pool does`, async () => {
    const hits = new SharedValue("int32");
    await using pool = new Pool(2);
    const items = Array.from({ length: 500 }, (_, index) => index);
    const doubled = await pool.map((x: number) => {
      hits.add(1);
      return x * 2;
    }, items);
    assert.equal(hits.value, 500);
    assert.equal(doubled[499], 998);
  });
}
