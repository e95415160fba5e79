/** What workers print, and what the library does not. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Process, WorkerDiedError } from "manyhands";
import { runProgram } from "../../programs/run-program.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

for (const kind of ["process", "thread"]) {
  for (const [who, how] of [
    ["a process", "return"],
    ["a worker of a pool that is closed", "pool"],
  ] as const) {
    test(`${kind}: thousands of lines that ${who} prints before its end arrive whole and in order, though nobody reads for a while`, async () => {
      const program = spawn(process.execPath, ["test/fixtures/apps/process/prints.mjs", kind, how], {
        cwd: root,
        stdio: ["ignore", "pipe", "pipe"],
      });
      // The last word comes when all lines are written or wait for a reader. Without one the program cannot end.
      await once(program.stderr, "data");
      const printed = await text(program.stdout);
      assert.equal(printed, Array.from({ length: 5000 }, (_, line) => `${line}\n`).join(""));
    });
  }
}

test("a dozen processes, threads and pools with hundreds of tasks bring no warning about listeners", async () => {
  assert.deepEqual(
    await runProgram(process.execPath, ["test/fixtures/apps/process/many.mjs"], { cwd: root, env: { NODE_TEST_CONTEXT: "" } }),
    { exitCode: 0, stdout: "done\n", stderr: "" },
  );
});

test("process: a crash of native code ends the process alone, and the error says what it looks like", async () => {
  const child = new Process(() => process.kill(process.pid, "SIGSEGV"), [], { stdio: "ignore" }).start();
  await assert.rejects(
    child.result(),
    (error) => error instanceof WorkerDiedError && /SIGSEGV.*native code in it crashed/.test(error.message),
  );
  assert.equal(await child.join(), -11);
});
