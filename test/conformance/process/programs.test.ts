/** Whole programs: how they end, and by what they may be run. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { runProgram } from "../../programs/run-program.js";
import { isRunning } from "../../processes/is-running.js";
import { until } from "../../processes/until.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const app = (name: string): string => join(root, "test/fixtures/apps", name);

/** Runs Node as a user would: nothing of the test runner in its environment. */
const run = (...args: string[]) => runProgram(process.execPath, args, { cwd: root, env: { NODE_TEST_CONTEXT: "", NODE_NO_WARNINGS: "1" } });

const sums = "42 0\n42 0\n";

test("a program waits for its children", async () => {
  assert.deepEqual(await run(app("child-outlives.mjs")), { exitCode: 0, stdout: "program done\nchild done\n", stderr: "" });
});

test("a program's daemons are stopped at its end", async () => {
  const { exitCode, stdout, stderr } = await run(app("daemon-left.mjs"));
  assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: "" });
  await until(() => !isRunning(Number(stdout)), "the daemon has gone");
});

test("an ES module runs", async () => assert.deepEqual(await run(app("sum.mjs")), { exitCode: 0, stdout: sums, stderr: "" }));

test("a CommonJS module runs", async () => assert.deepEqual(await run(app("sum.cjs")), { exitCode: 0, stdout: sums, stderr: "" }));

test("TypeScript runs with tsx", async () =>
  assert.deepEqual(await run("--import", "tsx", app("sum.ts")), { exitCode: 0, stdout: sums, stderr: "" }));

const stripsTypes = process.allowedNodeEnvironmentFlags.has("--experimental-strip-types");
test("TypeScript runs with type stripping", { skip: stripsTypes ? false : "this Node has no type stripping" }, async () => {
  assert.deepEqual(await run("--experimental-strip-types", app("sum.ts")), { exitCode: 0, stdout: sums, stderr: "" });
});

test("modules loaded with --import are loaded in workers, too", async () => {
  assert.deepEqual(await run("--import", app("preload.mjs"), app("needs-preload.mjs")), {
    exitCode: 0,
    stdout: "true\ntrue\n",
    stderr: "",
  });
});

test("flags that only a process can have do not keep threads from starting", async () => {
  const end = await run("--max-old-space-size=300", "--expose-gc", "--stack-trace-limit=20", app("sum.mjs"));
  assert.deepEqual(end, { exitCode: 0, stdout: sums, stderr: "" });
});

test("a program given with --eval runs, as a module and as a script", async () => {
  assert.deepEqual(await run("--input-type=module", "--eval", readFileSync(app("sum.mjs"), "utf8")), {
    exitCode: 0,
    stdout: sums,
    stderr: "",
  });
  assert.deepEqual(await run("-e", readFileSync(app("sum.cjs"), "utf8")), { exitCode: 0, stdout: sums, stderr: "" });
});

test("a program under the inspector runs, and its workers do not fight for the port", async () => {
  const { exitCode, stdout } = await run("--inspect=0", app("sum.mjs"));
  assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: sums });
});

for (const format of ["esm", "cjs"] as const) {
  test(`a bundle runs where the library is not: ${format}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "bundle-"));
    try {
      const outfile = join(folder, format === "esm" ? "bundle.mjs" : "bundle.cjs");
      await build({
        entryPoints: [app(format === "esm" ? "sum.mjs" : "sum.cjs")],
        outfile,
        bundle: true,
        platform: "node",
        format,
        external: ["koffi"],
        logLevel: "error",
        logOverride: { "empty-import-meta": "silent" },
      });
      assert.deepEqual(await run(outfile), { exitCode: 0, stdout: sums, stderr: "" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

const processesOfTree = 11;

for (const [how, exitCode] of [
  ["exit", 3],
  ["throw", 1],
  ["kill", null],
] as const) {
  test(`no process is left of a program that ends by ${how} while its children are busy`, async () => {
    const { program, pids } = await startTree(how);
    const ended = new Promise((resolve) => program.once("exit", resolve));
    program.send("end");
    assert.equal(await ended, exitCode);
    await until(() => !pids.some(isRunning), "the last of the tree has gone");
  });
}

test("Ctrl-C ends the whole tree and prints nothing", async () => {
  const { program, pids, stderr } = await startTree("interrupt");
  const ended = new Promise((resolve) => program.once("exit", (_code, signal) => resolve(signal)));
  process.kill(-(program.pid ?? 0), "SIGINT");
  assert.equal(await ended, "SIGINT");
  await until(() => !pids.some(isRunning), "the last of the tree has gone");
  assert.equal(await stderr, "");
});

async function startTree(how: string): Promise<{ program: ChildProcess; pids: number[]; stderr: Promise<string> }> {
  const program = spawn(process.execPath, [app("busy-tree.mjs"), how], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
    cwd: root,
    env: { ...process.env, NODE_NO_WARNINGS: "1" },
  });
  let printed = "";
  program.stdout?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const stderr = program.stderr === null ? Promise.resolve("") : text(program.stderr);
  const pids = (): number[] => printed.split("\n").filter(Boolean).map(Number);
  await until(() => pids().length === processesOfTree, "all processes have said their pid");
  return { program, pids: pids(), stderr };
}
