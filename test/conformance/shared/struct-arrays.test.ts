/** Arrays of structs between processes, and between threads. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedStruct, SharedStructArray } from "manyhands";
import { backends } from "./backends.js";

const Point = SharedStruct({ x: "float64", y: "float64", hits: "uint32", big: "int64", seen: "bool" });

for (const { kind, Process, Pool } of backends) {
  test(`${kind}: an array of structs is the same memory in a worker, given, captured or within other values`, async () => {
    const points = new SharedStructArray(Point, [{ x: 1.875, y: -6.25 }, { x: -5.75, y: 2 }, {}]);
    const worker = new Process(
      (given: SharedStructArray<typeof Point>, within: Map<string, SharedStructArray<typeof Point>[]>) => {
        for (const point of given) {
          point.x **= 2;
          point.y **= 2;
        }
        points.at(-1).add("hits", 3);
        points.set(1, { ...points.at(1).toJSON(), big: -(2n ** 63n), seen: true });
        const same = within.get("all")?.[1];
        return { same, isSame: same === given && given === points, isPoint: points.at(0) instanceof Point };
      },
      [points, new Map([["all", [points, points]]])],
    ).start();
    const { same, isSame, isPoint } = await worker.result();
    await worker.join();
    assert.equal(same, points);
    assert.equal(isSame, true);
    assert.equal(isPoint, true);
    assert.deepEqual(points.toJSON(), [
      { x: 3.515625, y: 39.0625, hits: 0, big: 0n, seen: false },
      { x: 33.0625, y: 4, hits: 0, big: -(2n ** 63n), seen: true },
      { x: 0, y: 0, hits: 3, big: 0n, seen: false },
    ]);
  });

  test(`${kind}: an array of structs that a worker made, and a struct of it, outlive the worker`, async () => {
    const worker = new Process(() => {
      const points = new SharedStructArray(Point, 3);
      points.at(1).x = 4;
      return { points, point: points.at(1) };
    }).start();
    const { points, point } = await worker.result();
    assert.equal(await worker.join(), 0);
    assert.ok(points instanceof SharedStructArray);
    assert.ok(point instanceof Point);
    assert.equal(point.x, 4);
    point.y = 5;
    assert.deepEqual(points.at(1).toJSON(), { x: 4, y: 5, hits: 0, big: 0n, seen: false });
    assert.equal(point.lock, points.lock);
  });

  test(`${kind}: a struct of an array is the same memory in a worker, with the methods of its class`, async () => {
    class Account extends SharedStruct({ balance: "int64", moves: "uint32" }) {
      deposit(amount: bigint): void {
        using held = this.lock.acquireSync();
        if (!held.isHeld) return;
        this.balance += amount;
        this.moves++;
      }
    }
    const accounts = new SharedStructArray(Account, 2);
    const workers = [1, 2, 3].map(() =>
      new Process(
        (account: Account) => {
          for (let round = 0; round < 300; round++) account.deposit(2n);
          for (const each of accounts) each.deposit(1n);
        },
        [accounts.at(1)],
      ).start(),
    );
    for (const worker of workers) assert.equal(await worker.join(), 0);
    assert.deepEqual(accounts.toJSON(), [
      { balance: 3n, moves: 3 },
      { balance: 1_803n, moves: 903 },
    ]);
  });

  test(`${kind}: additions of a pool's workers to the fields of an array of structs are exact`, async () => {
    const points = new SharedStructArray(Point, 50, { lock: false });
    await using pool = new Pool(3);
    await pool.map(() => {
      for (const point of points) {
        for (let round = 0; round < 20; round++) {
          point.add("hits", 1);
          point.add("x", 0.5);
          point.add("big", -1n);
        }
      }
    }, [1, 2, 3, 4, 5, 6]);
    for (const point of points) assert.deepEqual(point.toJSON(), { x: 60, y: 0, hits: 120, big: -120n, seen: false });
  });
}
