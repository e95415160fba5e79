/** Structs, and their classes, between processes, and between threads. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedStruct } from "manyhands";
import { backends } from "./backends.js";

for (const { kind, Process } of backends) {
  test(`${kind}: a struct is the same in a worker, and its class makes more of them there`, async () => {
    const Point = SharedStruct({ x: "float64", hits: "uint32" });
    const point = new Point({ x: 1.5 });
    const worker = new Process(() => {
      point.x *= 2;
      point.add("hits", 3);
      const other = new Point({ x: 9 });
      return { point, other, isPoint: point instanceof Point };
    }).start();
    const { point: same, other, isPoint } = await worker.result();
    await worker.join();
    assert.equal(same, point);
    assert.equal(isPoint, true);
    assert.deepEqual(point.toJSON(), { x: 3, hits: 3 });
    assert.ok(other instanceof Point);
    assert.equal(other.x, 9);
  });

  test(`${kind}: a function takes along a class of structs and nothing else`, async () => {
    const Point = SharedStruct({ x: "float64" });
    const make = (x: number) => new Point({ x });
    const workers = [1, 2].map((x) => new Process(make, [x]).start());
    const points = await Promise.all(workers.map((worker) => worker.result()));
    for (const worker of workers) await worker.join();
    assert.ok(points.every((point) => point instanceof Point));
    assert.deepEqual(
      points.map(({ x }) => x),
      [1, 2],
    );
  });

  test(`${kind}: what extends a struct keeps its methods, and its constructor is not called again`, async () => {
    class Account extends SharedStruct({ balance: "int64" }) {
      constructor(start: bigint) {
        if (typeof start !== "bigint") throw new TypeError("needs a start");
        super({ balance: start });
      }

      deposit(amount: bigint): void {
        using held = this.lock.acquireSync();
        if (held.isHeld) this.balance += amount;
      }
    }
    const account = new Account(5n);
    const workers = [1, 2].map(() =>
      new Process(
        (given: Account) => {
          for (let round = 0; round < 500; round++) given.deposit(1n);
        },
        [account],
      ).start(),
    );
    for (const worker of workers) assert.equal(await worker.join(), 0);
    assert.equal(account.balance, 1_005n);
  });
}
