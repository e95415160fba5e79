/** Which calls are allowed when, and what waits do with their limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { activeChildren } from "manyhands";
import { ClosedError, EncodeError, StateError } from "manyhands";
import { backends } from "./backends.js";

for (const { kind, Process } of backends) {
  const sleep = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60_000));

  test(`${kind}: before the start there is nothing to wait for`, async () => {
    const child = new Process(sleep);
    assert.equal(child.isAlive, false);
    assert.equal(child.pid, undefined);
    assert.equal(child.exitCode, undefined);
    await assert.rejects(child.join(), StateError);
    await assert.rejects(child.result(), StateError);
    for (const call of ["terminate", "kill", "interrupt"] as const) assert.throws(() => child[call](), StateError);
    child.close();
  });

  test(`${kind}: a process starts once`, async () => {
    const child = new Process(() => 1);
    child.start();
    assert.throws(() => child.start(), StateError);
    await child.join();
    assert.throws(() => child.start(), StateError);
  });

  test(`${kind}: close() is refused while it runs, and final afterwards`, async () => {
    const child = new Process(sleep, [], { name: "Closed" }).start();
    assert.throws(() => child.close(), StateError);
    child.kill();
    await child.join();
    child.close();
    child.close();
    await assert.rejects(child.join(), ClosedError);
    await assert.rejects(child.result(), ClosedError);
    for (const call of ["start", "terminate", "kill", "interrupt"] as const) assert.throws(() => child[call](), ClosedError);
    for (const property of ["isAlive", "exitCode", "pid"] as const) assert.throws(() => child[property], ClosedError);
    assert.equal(child.name, "Closed");
    assert.equal(child.daemon, false);
  });

  test(`${kind}: join() with a limit that is over says undefined, at once for zero and less`, async () => {
    const child = new Process(sleep, [], { stdio: "ignore" }).start();
    for (const timeout of [-1, 0, 20]) assert.equal(await child.join({ timeout }), undefined);
    assert.equal(child.isAlive, true);
    child.kill();
    assert.equal(await child.join({ timeout: 60_000 }), -9);
    assert.equal(await child.join({ timeout: 0 }), -9);
    assert.equal(await child.join(), -9);
  });

  test(`${kind}: join() rejects with the reason of its signal, and the process runs on`, async () => {
    const child = new Process(sleep, [], { stdio: "ignore" }).start();
    const reason = new Error("enough");
    const abort = new AbortController();
    const joined = child.join({ signal: abort.signal });
    abort.abort(reason);
    await assert.rejects(joined, (error) => error === reason);
    assert.equal(child.isAlive, true);
    child.kill();
    await child.join();
  });

  test(`${kind}: what cannot be sent is refused by start(), and nothing starts`, () => {
    const child = new Process((_value: unknown) => {}, [new WeakMap()]);
    assert.throws(() => child.start(), EncodeError);
    assert.equal(child.isAlive, false);
    assert.equal(child.pid, undefined);
    assert.deepEqual(activeChildren(), []);
  });

  test(`${kind}: bad arguments are refused by the constructor`, () => {
    const make =
      (...args: unknown[]) =>
      () =>
        Reflect.construct(Process, args);
    for (const target of [5, null, {}]) assert.throws(make(target), TypeError);
    for (const args of [5, null, {}]) assert.throws(make(sleep, args), TypeError);
    for (const options of [{ name: 5 }, { daemon: 1 }, { env: null }, { execArgv: "-x" }, { stdio: "file" }]) {
      assert.throws(make(sleep, [], options), TypeError);
    }
  });

  test(`${kind}: the daemon flag and the name can be set before the start`, async () => {
    const child = new Process(() => 1, [], { stdio: "ignore" });
    child.daemon = true;
    child.name = "Renamed";
    child.start();
    assert.throws(() => {
      child.daemon = false;
    }, StateError);
    assert.equal(child.daemon, true);
    assert.equal(child.name, "Renamed");
    await child.join();
  });

  test(`${kind}: activeChildren() lists those that run`, async () => {
    const child = new Process(sleep, [], { stdio: "ignore" });
    assert.deepEqual(activeChildren(), []);
    child.start();
    assert.deepEqual(activeChildren(), [child]);
    child.kill();
    await child.join();
    assert.deepEqual(activeChildren(), []);
  });

  test(`${kind}: leaving the scope of "await using" joins`, async () => {
    const child = new Process(() => 1);
    {
      await using scoped = child.start();
      assert.equal(scoped.isAlive, true);
    }
    assert.equal(child.exitCode, 0);
  });
}
