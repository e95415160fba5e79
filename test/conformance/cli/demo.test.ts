import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runProgram } from "../../programs/run-program.js";
import { root } from "./run-cli.js";

test("the demo measures every file of a folder twice, and finds the same", async () => {
  const built = await runProgram(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "demo/tsconfig.json"], { cwd: root });
  assert.equal(built.exitCode, 0, built.stdout);
  const { exitCode, stdout, stderr } = await runProgram(process.execPath, ["build/demo/demo.js", "node_modules/acorn"], { cwd: root });
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, /^one process: .* 100% .*\n.*workers?: .* 100% .*\n$/);
  const largest = readFileSync(`${root}node_modules/acorn/dist/acorn.js`);
  assert.ok(stdout.includes(createHash("sha256").update(largest).digest("hex").slice(0, 12)), stdout);
  assert.match(stdout, /Total\n {2}files +\d+\n {2}lines +[\d,]+\n {2}size +[\d.]+ [KM]iB\n {2}compressed +[\d.]+ [KM]iB \(\d+%\)/);
  assert.match(stdout, /[\d.]+ times as fast on \d+ cores?, with the same results\n$/);
});
