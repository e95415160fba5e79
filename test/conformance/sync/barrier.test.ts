import assert from "node:assert/strict";
import { test } from "node:test";
import { Barrier, BrokenBarrierError, Semaphore } from "manyhands";
import { forEachBackend, patience } from "./backends.js";

/** Waits so many times; returns its places, or the error that ended it. */
async function meet(barrier: Barrier, rounds: number, blocks: boolean): Promise<unknown> {
  const places: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) places.push(blocks ? barrier.waitSync() : await barrier.wait());
    return places;
  } catch (error) {
    return error;
  }
}

async function arrived(barrier: Barrier, count: number): Promise<void> {
  while (barrier.waiting < count) await new Promise((resolve) => setImmediate(resolve));
}

forEachBackend("Barrier", ({ start }) => {
  test("4 parties meet 300 times, and each round has every place once", async () => {
    const barrier = new Barrier(4);
    const children = Array.from({ length: 4 }, (_, number) => start(meet, [barrier, 300, number % 2 === 0]));
    const places = (await Promise.all(children.map((child) => child.result()))) as number[][];
    for (let round = 0; round < 300; round++) {
      const inRound = places.map((list) => list[round] ?? NaN);
      assert.deepEqual(
        inRound.sort((a, b) => a - b),
        [0, 1, 2, 3],
        `round ${round}`,
      );
    }
  });

  test("the action runs once a round, wherever the last party is", async () => {
    const runs = new Semaphore(0);
    const barrier = new Barrier(3, { action: () => runs.release() });
    const children = Array.from({ length: 3 }, (_, number) => start(meet, [barrier, 20, number === 0]));
    for (const child of children) assert.equal(((await child.result()) as number[]).length, 20);
    assert.equal(runs.value, 20);
  });

  test("5 parties: when one aborts, the 4 that wait get BrokenBarrierError; after reset() all 5 pass", async () => {
    const barrier = new Barrier(5);
    const children = Array.from({ length: 4 }, (_, number) => start(meet, [barrier, 1, number % 2 === 0]));
    await arrived(barrier, 4);
    await start((theirs: Barrier) => theirs.abort(), [barrier]).result();
    for (const child of children) assert.ok((await child.result()) instanceof BrokenBarrierError);
    assert.equal(barrier.broken, true);
    barrier.reset();
    const again = Array.from({ length: 5 }, (_, number) => start(meet, [barrier, 1, number % 2 === 0]));
    const places = (await Promise.all(again.map((child) => child.result()))) as number[][];
    assert.deepEqual(
      places.flat().sort((a, b) => a - b),
      [0, 1, 2, 3, 4],
    );
  });

  test("5 parties, one of them late: all 5 get BrokenBarrierError", async () => {
    const barrier = new Barrier(5, { timeout: 500 });
    const children = Array.from({ length: 4 }, (_, number) => start(meet, [barrier, 1, number % 2 === 0]));
    for (const child of children) assert.ok((await child.result()) instanceof BrokenBarrierError);
    await assert.rejects(barrier.wait(patience), BrokenBarrierError);
    assert.equal(barrier.broken, true);
  });

  test("reset() sends away those who wait elsewhere", async () => {
    const barrier = new Barrier(3);
    const children = [start(meet, [barrier, 1, true]), start(meet, [barrier, 1, false])];
    await arrived(barrier, 2);
    barrier.reset();
    for (const child of children) assert.ok((await child.result()) instanceof BrokenBarrierError);
    assert.equal(barrier.broken, false);
  });

  test("a party that ends by itself after a round may be replaced by another", async () => {
    const barrier = new Barrier(2);
    for (let round = 0; round < 3; round++) {
      const child = start(meet, [barrier, 1, round % 2 === 0]);
      const place = await barrier.wait(patience);
      assert.deepEqual(await child.result(), [1 - place]);
      assert.equal(await child.join(), 0);
    }
    // While one waits here, the one that has ended is looked at.
    const wait = barrier.wait(patience);
    await assert.rejects(
      Promise.race([wait, new Promise((_resolve, reject) => setTimeout(() => reject(new Error("still waits")), 200))]),
      /still waits/,
    );
    const child = start(meet, [barrier, 1, false]);
    assert.equal(await wait, 0);
    assert.deepEqual(await child.result(), [1]);
  });
});
