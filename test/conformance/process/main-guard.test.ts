/** Programs without a main guard: nothing runs them again, and modules that start something when imported are refused in workers. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runProgram, type ProgramEnd } from "../../programs/run-program.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const app = (name: string): string => join(root, "test/fixtures/apps", name);

/** Runs Node in a folder of its own; `started` are the pids of all processes that have been started, as the first thing they did. */
async function runCounted(...args: string[]): Promise<ProgramEnd & { readonly started: ReadonlySet<string> }> {
  const folder = mkdtempSync(join(tmpdir(), "main-guard-"));
  const env = { NODE_TEST_CONTEXT: "", NODE_NO_WARNINGS: "1", STARTED: join(folder, "started") };
  try {
    const end = await runProgram(process.execPath, ["--import", app("bootstrap/count.mjs"), ...args], { cwd: root, env });
    return { ...end, started: new Set(readFileSync(env.STARTED, "utf8").split("\n").filter(Boolean)) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const refusal = (what: string): string =>
  `ERR_BOOTSTRAP: Cannot start a ${what} while a worker imports a module: the module starts it at its top level, so each worker ` +
  `would start one of its own, without end. Start it inside a function that the program calls, or guard it with ` +
  `"if (isMain(import.meta))".`;

for (const [what, atLeast] of [
  // The program waits for the process that the module starts in it, where that is legal; a pool's worker may be stopped before it runs.
  ["process", 1],
  ["pool", 0],
] as const) {
  test(`a module that starts a ${what} when imported is refused in workers, which live on`, async () => {
    const { exitCode, stdout, stderr, started } = await runCounted(app("bootstrap/program.mjs"), `./starts-${what}.mjs`);
    const expected = [refusal(what), "[2,4,6]", refusal(what), "[2,4,6]", refusal(what), refusal(what), ""].join("\n");
    assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: expected, stderr: "" });
    // The program, what the module starts in it, a pool's worker, the process; the pool's second worker may have had nothing to do.
    assert.ok(started.size >= 1 + atLeast + 1 + 1, `only ${started.size} processes`);
    assert.ok(started.size <= 1 + 1 + 2 + 1, `${started.size} processes`);
  });
}

test("a CommonJS module that starts a process when required is refused in workers, which live on", async () => {
  const { exitCode, stdout, stderr, started } = await runCounted(app("bootstrap/program.cjs"));
  assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: `${refusal("process")}\n[2,4,6]\n`, stderr: "" });
  assert.equal(started.size, 3);
});

for (const what of ["process", "pool"] as const) {
  test(`a module that starts a ${what} may not be one that workers load with --import: they cannot start, and are not started for ever`, async () => {
    const { exitCode, stdout, started } = await runCounted("--import", app(`bootstrap/starts-${what}.mjs`), app("bootstrap/preloaded.mjs"));
    assert.equal(exitCode, 0);
    assert.match(stdout, /^ERR_WORKER_START: Cannot run the task: the pool's workers cannot start/);
    assert.ok(started.size <= 8, `${started.size} processes`);
  });
}

const answers = { exitCode: 0, stdout: "true false false false false false\n", stderr: "" };

async function isMainIn(...args: string[]): Promise<ProgramEnd> {
  const { started: _started, ...end } = await runCounted(...args);
  return end;
}

test("isMain() is true in the program's module, false in those it imports and in workers", async () => {
  assert.deepEqual(await isMainIn(app("is-main/program.js")), answers);
});

test("isMain() knows a program whose extension was left out", async () => {
  assert.deepEqual(await isMainIn(app("is-main/program")), answers);
});

test("isMain() knows a program that tsx runs", async () => {
  assert.deepEqual(await isMainIn("--import", "tsx", app("is-main/program.ts")), answers);
});

test("isMain() knows a program that was started through a symbolic link, with and without links being kept", async () => {
  const folder = mkdtempSync(join(root, "build/is-main-")); // Kept links lead to packages only from within the tree.
  try {
    const link = join(folder, "linked.js");
    symlinkSync(app("is-main/program.js"), link);
    assert.deepEqual(await isMainIn(link), answers);
    const folderLink = join(folder, "folder");
    symlinkSync(app("is-main"), folderLink);
    assert.deepEqual(await isMainIn(join(folderLink, "program.js")), answers);
    assert.deepEqual(await isMainIn("--preserve-symlinks-main", join(folderLink, "program.js")), answers);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
