/** Processes that cannot start, and options that are refused at the call. */
import assert from "node:assert/strict";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Pool, Process, WorkerStartError } from "manyhands";
import { Pool as ThreadPool, Process as ThreadProcess } from "manyhands/threads";
import { backends } from "./backends.js";

const nothing = (): void => {};
const badFlags = { execArgv: ["--no-such-flag"], stdio: "ignore" } as const;

test("process: a flag that Node does not know is named by the error, in Node's words", async () => {
  const child = new Process(nothing, [], badFlags).start();
  await assert.rejects(child.result(), (error) => {
    assert.ok(error instanceof WorkerStartError);
    assert.match(error.message, /exited with code 9 before it was ready/);
    assert.ok(error.cause instanceof Error);
    assert.match(error.cause.message, /bad option: --no-such-flag/);
    return true;
  });
  assert.equal(await child.join(), 9);
});

test("process: a pool whose flags Node does not know says so, with Node's words among the causes", async () => {
  const pool = new Pool(1, badFlags);
  await assert.rejects(pool.apply(nothing), (error) => {
    assert.ok(error instanceof WorkerStartError);
    assert.ok(error.cause instanceof WorkerStartError);
    assert.match(String(error.cause.cause), /bad option: --no-such-flag/);
    return true;
  });
  assert.equal(await pool.join({ timeout: 60_000 }), true);
});

test("process: a target that exits with the code of bad flags has run all the same", async () => {
  const child = new Process(() => process.exit(9), [], { stdio: "ignore" }).start();
  await assert.rejects(child.result(), /exited with code 9 while it ran its target/);
});

test("thread: a flag that threads cannot have is refused by start()", async () => {
  assert.throws(() => new ThreadProcess(nothing, [], badFlags).start(), WorkerStartError);
  const pool = new ThreadPool(1, badFlags);
  await assert.rejects(pool.apply(nothing), WorkerStartError);
  assert.equal(await pool.join({ timeout: 60_000 }), true);
});

test("process: it starts in a folder that does not exist any more, as the program itself goes on there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gone-"));
  const before = process.cwd();
  process.chdir(folder);
  rmdirSync(folder);
  try {
    assert.equal(await new Process(() => 5).start().result(), 5);
  } finally {
    process.chdir(before);
  }
});

test("process: a module of --import that is not there keeps a process from starting, and result() says so", async () => {
  const child = new Process(nothing, [], { execArgv: ["--import", "./no-such-module.mjs"], stdio: "ignore" }).start();
  await assert.rejects(child.result(), (error) => error instanceof WorkerStartError && /exited with code 1 before/.test(error.message));
});

for (const { kind, Process: Either } of backends) {
  const construct = (options: object) => () => Reflect.construct(Either, [nothing, [], options]) as unknown;

  test(`${kind}: options are refused by the constructor, by name`, () => {
    assert.throws(construct({ name: Symbol("name") }), /^TypeError: The name of a Process must be a string; it is symbol/);
    assert.throws(construct({ name: null }), /^TypeError: The name of a Process must be a string/);
    assert.throws(construct({ env: { PORT: 8080 } }), /^TypeError: env\.PORT must be a string; it is of type number/);
    assert.throws(construct({ env: [1] }), /^TypeError: env\.0 must be a string/);
    assert.throws(construct({ env: "PATH=/bin" }), /^TypeError: env must be an object of strings/);
    assert.throws(construct({ execArgv: ["--no-warnings", 5] }), /^TypeError: execArgv must be an array of strings/);
    assert.throws(construct({ daemon: "yes" }), /^TypeError: daemon must be true or false; it is string/);
    assert.throws(construct({ stdio: 1 }), /^TypeError: stdio must be "inherit", "ignore", "pipe"; it is 1/);
    assert.throws(() => Reflect.construct(Either, [nothing, [], null]), /^TypeError: The options of a Process must be an object/);
  });

  test(`${kind}: a name is refused when it is set, too`, () => {
    const child = new Either(nothing);
    assert.throws(() => Reflect.set(child, "name", 5), TypeError);
    assert.match(child.name, /^Process-/);
  });

  test(`${kind}: an undefined variable of the environment is left out`, async () => {
    const child = new Either(() => Object.hasOwn(process.env, "LEFT_OUT"), [], { env: { ...process.env, LEFT_OUT: undefined } });
    assert.equal(await child.start().result(), false);
  });
}

test("a pool's environment is refused by its constructor, by name", () => {
  for (const Either of [Pool, ThreadPool]) {
    assert.throws(() => Reflect.construct(Either, [1, { env: { PORT: 8080 } }]) as unknown, /env\.PORT must be a string/);
  }
});
