import assert from "node:assert/strict";
import { test } from "node:test";
import { Fifo } from "#lib/pool/fifo.js";
import * as fc from "fast-check";

test("Fifo gives back what was pushed, in order, through any sequence of pushes and shifts", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), fc.constant("shift" as const)), { maxLength: 300 }), (steps) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      for (const step of steps) {
        if (step === "shift") {
          assert.equal(fifo.shift(), model.shift());
        } else {
          fifo.push(step);
          model.push(step);
        }
        assert.equal(fifo.length, model.length);
      }
    }),
  );
});

test("Fifo.clear empties it for further use", () => {
  const fifo = new Fifo<string>();
  fifo.push("a");
  fifo.clear();
  assert.equal(fifo.shift(), undefined);
  fifo.push("b");
  assert.equal(fifo.shift(), "b");
});
