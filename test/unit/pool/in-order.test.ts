import assert from "node:assert/strict";
import { test } from "node:test";
import { InOrder } from "#lib/pool/in-order.js";
import * as fc from "fast-check";

test("InOrder yields every arrival once, in the order of the sequence numbers, whatever the order of arrival", () => {
  const arrivals = fc.nat(60).chain((length) => fc.shuffledSubarray([...Array(length).keys()], { minLength: length }));
  fc.assert(
    fc.property(arrivals, (order) => {
      const inOrder = new InOrder<{ readonly sequence: number }>();
      const yielded = order.flatMap((sequence) => [...inOrder.put(sequence, { sequence })]);
      assert.deepEqual(
        yielded.map((arrival) => arrival.sequence),
        order.toSorted((a, b) => a - b),
      );
    }),
  );
});

test("InOrder yields nothing before the arrival that all others wait for", () => {
  const inOrder = new InOrder<{ readonly name: string }>();
  assert.deepEqual([...inOrder.put(2, { name: "c" })], []);
  assert.deepEqual([...inOrder.put(1, { name: "b" })], []);
  assert.deepEqual([...inOrder.put(0, { name: "a" })], [{ name: "a" }, { name: "b" }, { name: "c" }]);
});
