import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { AbortWatch } from "#lib/pool/abort-watch.js";

test("AbortWatch puts one listener on a signal, however many wait, and none once they have all gone", () => {
  const { signal } = new AbortController();
  const watch = new AbortWatch();
  const removers = Array.from({ length: 10_000 }, () => watch.add(signal, () => {}));
  assert.equal(getEventListeners(signal, "abort").length, 1);
  for (const remove of removers) remove();
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("AbortWatch calls everybody who still waits, once, with the reason", () => {
  const controller = new AbortController();
  const watch = new AbortWatch();
  const seen: unknown[] = [];
  const remove = watch.add(controller.signal, () => seen.push("removed"));
  watch.add(controller.signal, (reason) => seen.push(reason));
  watch.add(controller.signal, (reason) => seen.push(reason));
  remove();
  controller.abort("enough");
  assert.deepEqual(seen, ["enough", "enough"]);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test("AbortWatch skips one that a callback before it removed", () => {
  const controller = new AbortController();
  const watch = new AbortWatch();
  const seen: string[] = [];
  let removeSecond = (): void => {};
  watch.add(controller.signal, () => {
    seen.push("first");
    removeSecond();
  });
  removeSecond = watch.add(controller.signal, () => seen.push("second"));
  controller.abort();
  assert.deepEqual(seen, ["first"]);
});
