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

test("Event: a time beyond what a timer can wait is not over at once, also when others wait already", async () => {
  const event = new Event();
  const waits = [undefined, 2 ** 31, Number.MAX_SAFE_INTEGER, Infinity].map((timeout) => event.wait({ timeout }));
  // Timers go off in the order of their times: those of the waits would have by now, had they been made of such a number.
  assert.equal(await event.wait({ timeout: 5 }), false);
  event.set();
  assert.deepEqual(await Promise.all(waits), [true, true, true, true]);
});

test("what is no object of options is refused at the call, instead of waiting for ever", async () => {
  const event = new Event();
  for (const options of [50, true, null, "soon", () => 50]) {
    await assert.rejects(event.wait(options as never), TypeError);
    assert.throws(() => event.waitSync(options as never), TypeError);
  }
  await assert.rejects(event.wait({ signal: "stop" as never }), /the signal must be an AbortSignal/);
  await assert.rejects(event.wait(50 as never), /as in \{ timeout: 50 \}, not by 50/);
});
