import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { StateError } from "#lib/errors.js";
import { makeFolder, session, sessionEnvironment } from "#lib/memory/session.js";

const program = new URL("./session-program.js", import.meta.url).pathname;

/** An environment without this process's own session, as a program started by a shell has. */
const outside = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "MANYHANDS_SESSION"));

function run(how: string): { readonly folder: string; readonly status: number | null; readonly signal: string | null } {
  const { stdout, status, signal } = spawnSync(process.execPath, [program, how], { encoding: "utf8", env: outside });
  return { folder: stdout.trim(), status, signal };
}

for (const [how, status] of [
  ["end", 0],
  ["process.exit()", 3],
  ["an uncaught error", 1],
] as const) {
  test(`the root removes its folder after ${how}`, () => {
    const ended = run(how);
    assert.equal(ended.status, status);
    assert.match(basename(ended.folder), /^manyhands-\d+-\d+-\d+$/);
    assert.equal(existsSync(ended.folder), false);
  });
}

test("a root that was killed leaves its folder to the next root that starts", () => {
  const killed = run("SIGKILL");
  assert.equal(killed.signal, "SIGKILL");
  assert.equal(existsSync(killed.folder), true);
  run("end");
  assert.equal(existsSync(killed.folder), false);
});

test("a participant that outlives a killed root removes the folder when it exits", async () => {
  const root = spawn(process.execPath, [program, "with a child"], { env: outside, stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(root.stdout, "data");
  const { folder, child } = JSON.parse(String(line));
  root.kill("SIGKILL");
  await once(root, "exit");
  assert.equal(existsSync(folder), true);
  process.kill(child, "SIGUSR2");
  const deadline = Date.now() + 60_000;
  while (existsSync(folder)) {
    assert.ok(Date.now() < deadline, "the folder is still there");
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test("a program that shares nothing makes no folder, even if it starts children", () => {
  const ended = run("environment only");
  assert.equal(ended.status, 0);
  assert.match(ended.folder, /manyhands-/);
});

test("a child process and a thread belong to the session of their root", async () => {
  assert.equal(run("threads").status, 0);
  const { folder } = session();
  const child = spawnSync(process.execPath, [program, "environment only"], {
    encoding: "utf8",
    env: { ...process.env, ...sessionEnvironment() },
  });
  assert.equal(child.stdout.trim(), folder);
});

test("a session whose root is dead, or a name that is none, is not joined", () => {
  for (const name of ["/dev/shm/manyhands-1-1-1", "relative", "/dev/shm/other", basename(session().folder)]) {
    const child = spawnSync(process.execPath, [program, "environment only"], {
      encoding: "utf8",
      env: { ...outside, MANYHANDS_SESSION: name },
    });
    assert.notEqual(child.stdout.trim(), name);
    assert.match(child.stdout, /manyhands-/);
  }
});

test("a folder that others may enter is refused", (t) => {
  const folder = join(dirname(session().folder), `session-test-${process.pid}`);
  mkdirSync(folder);
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  assert.throws(() => makeFolder(folder), StateError);
  chmodSync(folder, 0o700);
  makeFolder(folder);
});

test("the folder can be entered by its owner only", () => {
  const { folder } = session();
  makeFolder(folder);
  assert.equal(lstatSync(folder).mode & 0o777, 0o700);
  assert.ok(readdirSync(dirname(folder)).includes(basename(folder)));
});
