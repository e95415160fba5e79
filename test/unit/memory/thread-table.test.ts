import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { maxThreads, ThreadTable, type Seat } from "#lib/memory/thread-table.js";
import { WorkerStartError } from "#lib/errors.js";

/** A thread with its seat, that has said it runs, and then never comes back but counts its turns. */
async function startEndless(seat: Seat, turns: Int32Array): Promise<Worker> {
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    parentPort.postMessage("up");
    setImmediate(() => { for (;;) Atomics.add(workerData.turns, 0, 1); });`;
  const worker = new Worker(code, { eval: true, workerData: { seat, turns }, transferList: [seat.lifeline] });
  await once(worker, "message");
  return worker;
}

test("a thread is alive from before its start until it is buried, and killed unless it left by itself", () => {
  const root = new ThreadTable(undefined);
  const { table, id } = root.enter();
  const child = new ThreadTable({ table, id });
  assert.equal(root.isGone(id), false);
  assert.equal(child.isGone(root.self), false);
  root.bury(id);
  root.bury(id);
  assert.equal(root.isGone(id), true);
  assert.equal(child.wasKilled(id), true);
  assert.equal(root.wasKilled(root.self), false);
  assert.notEqual(root.enter().id, id);
});

test("a thread that ends takes all below it along", () => {
  const root = new ThreadTable(undefined);
  const seats = [root.enter()];
  for (let level = 0; level < 3; level++) seats.push(new ThreadTable(seats[level]!).enter());
  const other = root.enter();
  root.bury(seats[0]!.id);
  for (const { id } of seats) assert.equal(root.isGone(id), true);
  assert.equal(root.isGone(other.id), false);
  root.bury(other.id);
});

test("a slot of a starter that was killed before it wrote the id is free again when the starter is buried", () => {
  const root = new ThreadTable(undefined);
  const { table, id } = root.enter();
  const words = new Int32Array(table);
  // As `enter` leaves it between its first word and its second.
  const free = words.length - 4;
  words[free] = id;
  root.bury(id);
  assert.equal(words[free], 0);
});

test("a look at a slot that is freed at the same moment comes to an end", () => {
  const root = new ThreadTable(undefined);
  const { table, id } = root.enter();
  const words = new Int32Array(table);
  const own = words.findIndex((word, at) => at >= 16 && word === id);
  // What a thread sees that has found the slot before its id was taken out, and reads the starter after that.
  words[own - 1] = 0;
  assert.equal(new ThreadTable({ table, id: id + 1 }).isGone(id), false);
});

test("a terminated thread is found dead by its starter without a turn of the event loop, and not before it has stopped", async () => {
  const root = new ThreadTable(undefined);
  const seat = root.enter();
  const turns = new Int32Array(new SharedArrayBuffer(8));
  const worker = await startEndless(seat, turns);
  assert.equal(root.isGone(seat.id), false);
  assert.equal(root.wasKilled(seat.id), false);
  const ended = worker.terminate();
  const deadline = Date.now() + 60_000;
  while (!root.isGone(seat.id)) {
    assert.ok(Date.now() < deadline, "the thread is still taken for alive");
    Atomics.wait(turns, 1, 0, 1);
  }
  const atDeath = Atomics.load(turns, 0);
  assert.equal(root.wasKilled(seat.id), true);
  await ended;
  assert.equal(Atomics.load(turns, 0), atDeath);
});

test(`the table has room for ${maxThreads} threads, and then refuses`, () => {
  const root = new ThreadTable(undefined);
  const ids = Array.from({ length: maxThreads }, () => root.enter().id);
  assert.throws(() => root.enter(), WorkerStartError);
  for (const id of ids) root.bury(id);
  root.bury(root.enter().id);
});
