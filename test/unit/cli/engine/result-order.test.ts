import assert from "node:assert/strict";
import { test } from "node:test";
import { CompletionOrder, InputOrder, type ResultOrder } from "#lib/cli/engine/result-order.js";

function add(order: ResultOrder, firstIndex: number, inputs: number, text = ""): void {
  order.add({ firstIndex, inputs, text, failures: [] });
}

function drain(order: ResultOrder): number[] {
  const places: number[] = [];
  for (let block = order.next(); block !== undefined; block = order.next()) places.push(block.firstIndex);
  return places;
}

test("InputOrder gives blocks when all before them have been given", () => {
  const order = new InputOrder();
  add(order, 5, 2);
  add(order, 2, 3);
  assert.deepEqual(drain(order), []);
  add(order, 0, 2);
  assert.deepEqual(drain(order), [0, 2, 5]);
});

test("CompletionOrder gives blocks as they come", () => {
  const order = new CompletionOrder();
  add(order, 5, 2);
  add(order, 0, 2);
  assert.deepEqual(drain(order), [5, 0]);
});

test("an empty block is nobody's turn", () => {
  for (const order of [new InputOrder(), new CompletionOrder()]) {
    add(order, 0, 0);
    add(order, 0, 1);
    assert.deepEqual(drain(order), [0]);
  }
});

test("InputOrder is full when too much waits, and free again when it was given", () => {
  const order = new InputOrder();
  add(order, 1, 1, "x".repeat(17_000_000));
  assert.equal(order.isFull, true);
  add(order, 0, 1);
  drain(order);
  assert.equal(order.isFull, false);
});
