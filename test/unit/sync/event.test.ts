import assert from "node:assert/strict";
import { test } from "node:test";
import { handleOf } from "#lib/memory/handle.js";
import { Event, fromHandle } from "#lib/sync/event.js";

test("an event is clear at first; set() and clear() may be repeated", () => {
  const event = new Event();
  assert.equal(event.isSet, false);
  event.clear();
  event.set();
  event.set();
  assert.equal(event.isSet, true);
  event.clear();
  event.clear();
  assert.equal(event.isSet, false);
});

test("Event.wait() is true when the event is set, and false when the time is over", async () => {
  const event = new Event();
  for (const timeout of [5, 0, -1]) {
    assert.equal(await event.wait({ timeout }), false);
    assert.equal(event.waitSync({ timeout }), false);
  }
  event.set();
  assert.equal(await event.wait(), true);
  assert.equal(event.waitSync(), true);
  assert.equal(await event.wait({ timeout: -1 }), true);
});

test("Event.set() lets all go on who wait, with and without a timeout", async () => {
  const event = new Event();
  const waits = Array.from({ length: 100 }, (_, number) => event.wait(number % 2 === 0 ? {} : { timeout: 20_000 }));
  await new Promise((resolve) => setImmediate(resolve));
  event.set();
  assert.deepEqual(
    await Promise.all(waits),
    Array.from({ length: 100 }, () => true),
  );
});

test("Event.set() lets go on who waits even if clear() follows at once", async () => {
  const event = new Event();
  const waits = Array.from({ length: 10 }, () => event.wait({ timeout: 20_000 }));
  await new Promise((resolve) => setImmediate(resolve));
  event.set();
  event.clear();
  assert.deepEqual(
    await Promise.all(waits),
    Array.from({ length: 10 }, () => true),
  );
  assert.equal(await event.wait({ timeout: 1 }), false);
});

test("Event.wait() rejects with the signal's reason, and other waits go on", async () => {
  const event = new Event();
  const reason = new Error("enough");
  await assert.rejects(event.wait({ signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const aborted = [event.wait({ signal: controller.signal }), event.wait({ signal: controller.signal })];
  const patient = event.wait();
  controller.abort(reason);
  for (const wait of aborted) await assert.rejects(wait, reason);
  event.set();
  assert.equal(await patient, true);
});

test("Event.wait() refuses a timeout that is not a number", async () => {
  const event = new Event();
  await assert.rejects(event.wait({ timeout: "1" as unknown as number }), TypeError);
  assert.throws(() => event.waitSync({ timeout: NaN }), TypeError);
});

test("an event that comes back through its handle is the same object", () => {
  const event = new Event();
  assert.equal(event[handleOf]().kind, "event");
  assert.equal(fromHandle(structuredClone(event[handleOf]().data)), event);
});
