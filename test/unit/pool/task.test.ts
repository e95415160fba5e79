import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { failedTask, fulfillTask, openTask, rejectTask, type Task } from "#lib/pool/task.js";

const nobody = { cancel: () => assert.fail("nobody cancels this task") };

test("Task tells whether it is ready, and how it ended", async () => {
  const good = openTask<number>(nobody);
  assert.equal(good.ready, false);
  assert.equal(good.successful, undefined);
  fulfillTask(good, 7);
  assert.equal(good.ready, true);
  assert.equal(good.successful, true);
  assert.equal(await good, 7);

  const bad = openTask<number>(nobody);
  rejectTask(bad, new RangeError("no"));
  assert.equal(bad.ready, true);
  assert.equal(bad.successful, false);
  await assert.rejects(bad, RangeError);
});

test("Task settles once: what comes later is ignored", async () => {
  const task = openTask<string>(nobody);
  fulfillTask(task, "first");
  fulfillTask(task, "second");
  rejectTask(task, new Error("third"));
  assert.equal(await task, "first");
  assert.equal(task.successful, true);
});

test("Task is a promise; what is derived from it is a plain one", async () => {
  const task = openTask<number>(nobody);
  fulfillTask(task, 1);
  assert.ok(task instanceof Promise);
  const derived: Promise<number> = task.then((value) => value + 1);
  assert.equal(derived.constructor, Promise);
  assert.equal(await derived, 2);
  assert.deepEqual(await Promise.all([task, task]), [1, 1]);
});

test("Task.cancel() answers whether there was something to cancel", async () => {
  const task: Task<number> = openTask<number>({ cancel: () => rejectTask(task, new Error("cancelled")) });
  assert.equal(task.cancel(), true);
  assert.equal(task.cancel(), false);
  await assert.rejects(task, /cancelled/);
});

test("Task.wait() answers true when the task ends, well or badly, and false when the time is over", async () => {
  const task = openTask<number>(nobody);
  assert.equal(await task.wait({ timeout: 0 }), false);
  assert.equal(await task.wait({ timeout: -1 }), false);
  assert.equal(await task.wait({ timeout: 1 }), false);
  const waiting = task.wait({ timeout: 2 ** 40 });
  rejectTask(task, new Error("failed"));
  assert.equal(await waiting, true);
  assert.equal(await task.wait({ timeout: -1 }), true);
  await assert.rejects(task, /failed/);
});

test("Task.wait() rejects with the signal's reason, and leaves no listener behind", async () => {
  const task = openTask<number>(nobody);
  const controller = new AbortController();
  const waiting = task.wait({ signal: controller.signal });
  controller.abort(new RangeError("enough"));
  await assert.rejects(waiting, RangeError);
  await assert.rejects(task.wait({ signal: controller.signal }), RangeError);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  assert.equal(task.ready, false);
  fulfillTask(task, 1);
});

test("a failed task is rejected from the start, and has nothing to cancel", async () => {
  const task = failedTask<number>(new RangeError("no"));
  assert.equal(task.successful, false);
  assert.equal(task.cancel(), false);
  await assert.rejects(task, RangeError);
});
