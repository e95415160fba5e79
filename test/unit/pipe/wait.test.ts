import assert from "node:assert/strict";
import { test } from "node:test";
import { ClosedError, Pipe, StateError, wait } from "manyhands";
import { readiness } from "#lib/memory/readiness.js";

test("wait() returns all that are ready, in the order of the list, and consumes nothing", async () => {
  const pipes = [Pipe<number>(), Pipe<number>(), Pipe<number>()] as const;
  const receivers = pipes.map(([receiver]) => receiver);
  await pipes[2][1].send(2);
  pipes[0][1].close();
  assert.deepEqual(await wait(receivers), [receivers[0], receivers[2]]);
  assert.deepEqual(await wait(receivers), [receivers[0], receivers[2]]);
  assert.equal(await receivers[2]?.recv(), 2);
});

test("wait() goes on when one becomes ready, whichever kind it is", async () => {
  const [a, b] = Pipe();
  let settle = (_value: unknown): void => {};
  const promise = new Promise((resolve) => (settle = resolve));
  const first = wait([a, promise]);
  await b.send(1);
  assert.deepEqual(await first, [a]);
  await a.recv();
  const second = wait([a, promise]);
  settle(undefined);
  assert.deepEqual(await second, [promise]);
});

test("wait() looks once when the timeout is zero or less, and returns nothing when it is over", async () => {
  const [a] = Pipe();
  for (const timeout of [0, -1, 5]) assert.deepEqual(await wait([a], { timeout }), []);
  const settled = Promise.resolve();
  assert.deepEqual(await wait([a, settled], { timeout: -1 }), [settled]);
});

test("an empty list waits out the timeout, and is refused without one", async () => {
  const start = performance.now();
  assert.deepEqual(await wait([], { timeout: 30 }), []);
  assert.ok(performance.now() - start >= 29);
  await assert.rejects(wait([]), TypeError);
});

test("what is listed twice is returned once", async () => {
  const settled = Promise.resolve();
  assert.deepEqual(await wait([settled, settled]), [settled]);
});

test("wait() takes any object that has the method", async () => {
  let isReady = false;
  const gate = {
    [readiness]: () => ({
      get isReady() {
        return isReady;
      },
      whenReady: () => new Promise<void>((resolve) => setImmediate(resolve)),
    }),
  };
  const waiting = wait([gate]);
  setTimeout(() => (isReady = true), 5);
  assert.deepEqual(await waiting, [gate]);
});

test("wait() refuses what nobody can wait for, and connections that are closed or only send", async () => {
  const [receiver, sender] = Pipe({ duplex: false });
  await assert.rejects(wait([sender]), StateError);
  receiver.close();
  await assert.rejects(wait([receiver]), ClosedError);
  await assert.rejects(wait([{} as PromiseLike<unknown>]), TypeError);
});

test("an aborted wait() rejects with the reason", async () => {
  const [a] = Pipe();
  const controller = new AbortController();
  const waiting = wait([a], { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(wait([a], { signal: AbortSignal.abort(new Error("before")) }), /before/);
});

test("a connection that is closed during wait() ends it", async () => {
  const [a] = Pipe();
  const waiting = wait([a]);
  await new Promise((resolve) => setImmediate(resolve));
  a.close();
  assert.deepEqual(await waiting, [a]);
});
