import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { apps, root, runCli } from "./run-cli.js";

const folder = mkdtempSync(join(realpathSync(tmpdir()), "manyhands-test-"));
after(() => rmSync(folder, { recursive: true }));

const stripsTypes = process.features["typescript" as keyof typeof process.features];
const measured = ['{"text":"abcd","size":4}', '{"text":"x","size":1}'];
const stdin = "abcd\nx\n";

test("a TypeScript module works where Node strips types, or where tsx can be found", async () => {
  const { code, lines, stderr } = await runCli(["map", "typed.ts"], { stdin });
  assert.deepEqual([code, lines, stderr], [0, measured, ""]);
});

test("in threads as well", async () => {
  const { code, lines } = await runCli(["map", "typed.ts", "--threads"], { stdin });
  assert.deepEqual([code, lines], [0, measured]);
});

test("TypeScript that is more than types works through tsx", async () => {
  const { code, lines } = await runCli(["map", "enumerated.ts"], { stdin });
  assert.deepEqual([code, lines], [0, ['"large"', '"small"']]);
});

test("a loader of the user's own is passed on to the workers", async () => {
  const byOption = await runCli(["map", "enumerated.ts"], { stdin, env: { NODE_OPTIONS: "--import tsx" }, cwd: apps });
  assert.deepEqual([byOption.code, byOption.lines], [0, ['"large"', '"small"']]);
  const byFlag = await runCli(["map", "enumerated.ts"], { stdin, execArgv: ["--import", "tsx"] });
  assert.deepEqual([byFlag.code, byFlag.lines], [0, ['"large"', '"small"']]);
});

test("without tsx in the user's project, what Node cannot load is refused with the remedy", async () => {
  copyFileSync(join(apps, "enumerated.ts"), join(folder, "enumerated.ts"));
  const { code, stdout, stderr } = await runCli(["map", "enumerated.ts"], { stdin, cwd: folder });
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(
    stderr,
    stripsTypes ? /tsx can run it: npm install --save-dev tsx/ : /cannot run TypeScript by itself; install tsx in your project/,
  );
});

test("tsx is taken from the project of the module", async () => {
  const project = join(folder, "project");
  mkdirSync(join(project, "node_modules"), { recursive: true });
  symlinkSync(join(root, "node_modules/tsx"), join(project, "node_modules/tsx"));
  copyFileSync(join(apps, "enumerated.ts"), join(project, "enumerated.ts"));
  const { code, lines } = await runCli(["map", "project/enumerated.ts"], { stdin, cwd: folder });
  assert.deepEqual([code, lines], [0, ['"large"', '"small"']]);
});
