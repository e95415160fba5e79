import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { Settlement } from "#lib/memory/settlement.js";

test("a promise is asked once, however often it is waited for, and nobody who gave up stays behind", async () => {
  let asked = 0;
  let settle = (): void => {};
  const promise: PromiseLike<void> = {
    // oxlint-disable-next-line no-thenable -- it counts who asks
    then(onFulfilled) {
      asked++;
      settle = () => void onFulfilled?.();
      return new Promise(() => {});
    },
  };
  const controller = new AbortController();
  for (let round = 0; round < 100; round++) {
    const over = new AbortController();
    const waiting = Settlement.of(promise).whenReady(over.signal);
    Settlement.of(promise).onSettled(() => assert.fail("called off"))();
    over.abort();
    await waiting;
    assert.equal(getEventListeners(over.signal, "abort").length, 0);
  }
  assert.equal(Settlement.of(promise).waitingCount, 0);
  const waiting = Settlement.of(promise).whenReady(controller.signal);
  assert.equal(Settlement.of(promise).isReady, false);
  settle();
  await waiting;
  assert.equal(Settlement.of(promise).isReady, true);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  assert.equal(asked, 1);
});

test("a promise that was rejected has settled, and is handled", async () => {
  const settlement = Settlement.of(Promise.reject(new Error("handled")));
  await settlement.whenReady(new AbortController().signal);
  assert.equal(settlement.isReady, true);
});

test("who asks for a settled promise is told later, never at once", async () => {
  const settlement = Settlement.of(Promise.resolve());
  await Promise.resolve();
  assert.equal(settlement.isReady, true);
  let isTold = false;
  settlement.onSettled(() => (isTold = true));
  assert.equal(isTold, false);
  await Promise.resolve();
  assert.equal(isTold, true);
});
