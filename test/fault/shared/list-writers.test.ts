/**
 * Writers of a shareable list that are killed, or in each other's way. `ROUNDS` and `SEED` in the environment say how often they
 * are killed, and where.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ShareableList } from "manyhands";
import { findPoints, Random, roundsOr, seed } from "../memory/random-kills.js";
import { end, isReady, run, startProgram } from "./programs.js";

const rounds = roundsOr(10);
const letters = /^(x{100}|(a1){10}|(b1){25}|(c1){40}|(a2){10}|(b2){25}|(c2){40})$/;

for (const [point, item] of [
  ["list.claimed", "old item"],
  ["list.filled", "old item"],
  ["list.changed", "new item"],
] as const) {
  test(`a writer killed at ${point} leaves "${item}", and the next one writes`, async () => {
    const name = `killed-${point}-${process.pid}`;
    const list = new ShareableList(["old item", "neighbour"], { name });
    assert.equal(await run("writeList", name, { killPoint: point }), "SIGKILL");
    assert.deepEqual([...list], [item, "neighbour"]);
    list.set(0, "the third");
    assert.deepEqual([...list], ["the third", "neighbour"]);
    list.memory?.unlink();
  });
}

test(`items are whole, and the next writer writes, after ${rounds} random kills (SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  const points = findPoints(["shared/"]).filter((point) => point.startsWith("list."));
  const name = `random-${process.pid}`;
  const list = new ShareableList(["x".repeat(100), 0], { name });
  for (let round = 0; round < rounds; round++) {
    const killPoint = random.pick(points);
    assert.equal(await run("writeLetters", name, { killPoint, skip: random.below(200), number: 1 }), "SIGKILL");
    assert.match(String(list.at(0)), letters, `after a kill at ${killPoint}`);
    list.set(0, "x".repeat(100));
    assert.match(String(list.at(0)), /^x{100}$/);
  }
  list.memory?.unlink();
});

test("a reader sees whole items only, while several programs write and are killed", async () => {
  const name = `torn-${process.pid}`;
  const list = new ShareableList(["x".repeat(100), 0], { name });
  const writers = [1, 2].map((number) => startProgram("writeLetters", name, { number }));
  await Promise.all(writers.map(isReady));
  const seen = new Set<unknown>();
  const deadline = performance.now() + 20_000;
  while (seen.size < 6 && performance.now() < deadline) {
    for (let round = 0; round < 1_000; round++) seen.add(list.at(0));
  }
  for (const item of seen) assert.match(String(item), letters);
  assert.ok(seen.size >= 6, `only ${seen.size} different items were seen`);
  for (const writer of writers) writer.kill("SIGKILL");
  await Promise.all(writers.map(end));
  assert.match(String(list.at(0)), /^([abc][12]){10,40}$/);
  list.set(0, "done");
  assert.equal(list.at(0), "done");
  list.memory?.unlink();
});
