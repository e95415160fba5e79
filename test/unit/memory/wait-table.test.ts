import assert from "node:assert/strict";
import { test } from "node:test";
import { waitTableWords } from "#lib/memory/registry.js";
import { WaitTable } from "#lib/memory/wait-table.js";

const everyone = (): boolean => true;

function make(): WaitTable {
  return new WaitTable(new Int32Array(waitTableWords), 0);
}

test("a waker is told who waits on its word, and on no other", () => {
  const table = make();
  table.register(7, 1, 100);
  table.register(8, 1, 101);
  table.register(9, 2, 100);
  assert.deepEqual(table.pick(1, 100, Infinity, everyone), [7]);
  assert.deepEqual(table.pick(3, 100, Infinity, everyone), []);
});

test("one wake-up after another goes to one owner after another", () => {
  const table = make();
  for (const owner of [1, 2, 3]) table.register(owner, 1, 100);
  const picked = new Set<unknown>();
  for (let wakeUp = 0; wakeUp < 3; wakeUp++) for (const owner of table.pick(1, 100, 1, everyone)) picked.add(owner);
  assert.deepEqual(picked, new Set([1, 2, 3]));
});

test("when all were rung and none has looked yet, somebody is rung again", () => {
  const table = make();
  table.register(1, 1, 100);
  assert.deepEqual(table.pick(1, 100, 1, everyone), [1]);
  assert.deepEqual(table.pick(1, 100, 1, everyone), [1]);
});

test("an owner learns once that it was rung", () => {
  const table = make();
  const ticket = table.register(1, 1, 100);
  assert.equal(table.takeRung(ticket), false);
  table.pick(1, 100, 1, everyone);
  assert.equal(table.takeRung(ticket), true);
  assert.equal(table.takeRung(ticket), false);
});

test("owners whose slots are others' by now are passed over, and forgotten ones are gone", () => {
  const table = make();
  for (const owner of [1, 2]) table.register(owner, 1, 100);
  assert.deepEqual(
    table.pick(1, 100, 1, (owner) => owner !== 1),
    [2],
  );
  table.forget(2);
  assert.deepEqual(table.pick(1, 100, Infinity, everyone), [1]);
});

test("more waits than a bucket holds make a waker ring everybody, until they are fewer again", () => {
  const table = make();
  const tickets = Array.from({ length: 17 }, (_, owner) => table.register(owner + 1, 1, 100));
  assert.equal(table.pick(1, 100, 1, everyone), "everybody");
  const last = tickets.at(-1);
  assert.ok(last !== undefined);
  assert.equal(table.takeRung(last), true);
  table.unregister(last);
  const picked = table.pick(1, 100, Infinity, everyone);
  assert.equal(picked.length, 16);
});
