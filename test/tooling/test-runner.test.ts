import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { describe, test } from "node:test";
import { runScript } from "./run-script.js";

const passing = `import { test } from "node:test"; test("passes", () => {});\n`;

/** What is left behind on purpose does not go, however long one waits. */
const leaves = ["--settle", "1"];

/** Runs a file with this content as the only test file of a project. */
function runTestFile(content: string, ...args: string[]) {
  return runScript("test.ts", args, {
    "package.json": `{ "type": "module" }`,
    "test/planted.test.ts": "",
    "build/test/planted.test.js": content,
  });
}

test("the test runner counts tests, not suites, and names what was skipped", async () => {
  const { exitCode, output } = await runTestFile(`
    import { describe, test } from "node:test";
    describe("suite", () => { test("one", () => {}); test("two", () => {}); });
    test("three", { skip: "not here" }, () => {});
  `);
  assert.match(output, /three: not here/);
  assert.match(output, /\n2 passed, 0 failed\n$/);
  assert.equal(exitCode, 0);
});

test("the test runner repeats files, and keeps the cores busy meanwhile", async () => {
  const { exitCode, output } = await runTestFile(passing, "--repeat", "2", "--loaded");
  assert.match(output, /\n2 passed, 0 failed\n$/);
  assert.equal(exitCode, 0);
});

const planted: { fault: string; content: string; args?: string[]; says: RegExp }[] = [
  {
    fault: "a failing test, and prints its error and what the file printed",
    content: `import { describe, test } from "node:test"; import assert from "node:assert/strict"; console.log("printed on the way");
      describe("outer", () => { test("inner", () => assert.equal(1, 2)); }); test("fine", () => {});`,
    says: /✖ inner\n[^]*1 !== 2[^]*printed on the way[^]*\n1 passed, 1 failed\n$/,
  },
  {
    fault: "a process left behind, whatever its environment",
    args: leaves,
    content: `${passing}import { spawn } from "node:child_process"; spawn("sleep", ["300"], { stdio: "ignore", env: {} }).unref();`,
    says: /✖ nothing is left behind\n[^]*process \d+: sleep 300/,
  },
  {
    fault: "a process left behind in a session of its own",
    args: leaves,
    content: `${passing}import { spawn } from "node:child_process"; spawn("sleep", ["300"], { stdio: "ignore", detached: true }).unref();`,
    says: /✖ nothing is left behind\n[^]*process \d+: sleep 300/,
  },
  {
    fault: "a file left in the temp folder",
    args: leaves,
    content: `${passing}import { writeFileSync } from "node:fs"; import os from "node:os"; writeFileSync(os.tmpdir() + "/forgotten", "");`,
    says: /✖ nothing is left behind\n[^]*in the temp folder: forgotten/,
  },
  {
    fault: "a file that does not end, and names the test that was running",
    content: `import { test } from "node:test"; test("ends", () => {}); test("hangs", () => new Promise(() => setInterval(() => {}, 1000)));`,
    // Long enough for a busy machine to start the file.
    args: ["--deadline", "10"],
    says: /✖ ends in time\n[^]*Not finished:\s+hangs\n[^]*\n1 passed, 1 failed\n$/,
  },
  { fault: "a file that is killed", content: `${passing}process.kill(process.pid, "SIGKILL");`, says: /✖ ends by itself\n[^]*SIGKILL/ },
  { fault: "a file without tests", content: "export {};", says: /✖ has tests\n/ },
  { fault: "an exit code other than 0", content: `${passing}process.on("exit", () => { process.exitCode = 3; });`, says: /exit code is 3/ },
];

describe("planted faults", { concurrency: 4 }, () => {
  for (const { fault, content, args = [], says } of planted) {
    test(`the test runner fails on ${fault}`, async () => {
      const { exitCode, output } = await runTestFile(content, ...args);
      assert.match(output, says);
      assert.match(output, /\n\d+ passed, 1 failed\n$/);
      assert.equal(exitCode, 1);
    });
  }
});

test("the test runner fails on an entry left in /dev/shm", { skip: existsSync("/dev/shm") ? false : "there is no /dev/shm" }, async () => {
  const entry = `/dev/shm/planted-leak-${process.pid}`;
  try {
    const content = `${passing}import { writeFileSync } from "node:fs"; writeFileSync("${entry}", "");`;
    const { exitCode, output } = await runTestFile(content, ...leaves);
    assert.match(output, /✖ nothing is left behind\n[^]*in \/dev\/shm: planted-leak-/);
    assert.equal(exitCode, 1);
  } finally {
    rmSync(entry, { force: true });
  }
});

test("the test runner refuses a selection that matches no file", async () => {
  const { exitCode, output } = await runTestFile(passing, "elsewhere");
  assert.match(output, /No test file has elsewhere in its path/);
  assert.equal(exitCode, 2);
});
