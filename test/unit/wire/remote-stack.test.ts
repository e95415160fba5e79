import { strict as assert } from "node:assert";
import { test } from "node:test";
import { noteOrigin } from "#lib/wire/remote-stack.js";

test("noteOrigin() adds the worker below the frames of the stack, and keeps the stack hidden", () => {
  const error = new TypeError("wrong");
  const { stack } = error;
  noteOrigin(error, "PoolWorker-1 (pid 123)");
  assert.equal(error.stack, `${stack}\n    in worker PoolWorker-1 (pid 123)`);
  assert.deepEqual(Object.keys(error), []);
});

test("noteOrigin() leaves alone what has no stack", () => {
  const odd = Object.assign(new Error("odd"), { stack: 5 });
  const frozen = Object.freeze(new Error("frozen"));
  for (const thrown of [undefined, "text", {}, frozen, odd]) noteOrigin(thrown, "x");
  assert.equal(odd.stack, 5);
});
