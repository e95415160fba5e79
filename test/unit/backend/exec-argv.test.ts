import assert from "node:assert/strict";
import { test } from "node:test";
import { inheritedEnv, inheritedExecArgv, limitFlags } from "#lib/backend/exec-argv.js";
import { sessionEnvironment } from "#lib/memory/session.js";

test("loaders, conditions and limits carry over", () => {
  const flags = [
    "--import",
    "tsx",
    "--require=./setup.cjs",
    "-r",
    "./other.cjs",
    "--conditions",
    "dev",
    "--max-old-space-size=4096",
    "--expose-gc",
  ];
  assert.deepEqual(inheritedExecArgv(flags), flags);
});

test("debuggers, test runners, watchers and entry points stay", () => {
  const stay = [
    "--inspect",
    "--inspect-brk=9229",
    "--inspect-port=0",
    "--test",
    "--test-reporter=tap",
    "--experimental-test-coverage",
    "--watch",
    "--watch-path=src",
    "-i",
    "--check",
    "--cpu-prof",
  ];
  for (const flag of stay)
    assert.deepEqual(inheritedExecArgv(["--import=a", flag, "--no-warnings"]), ["--import=a", "--no-warnings"], flag);
});

test("a flag that stays takes its value along", () => {
  const flags = [
    "--eval",
    "code()",
    "--import",
    "tsx",
    "-p",
    "code()",
    "--input-type",
    "module",
    "--test-name-pattern",
    "some",
    "--watch-path",
    "src",
    "-r",
    "last",
  ];
  assert.deepEqual(inheritedExecArgv(flags), ["--import", "tsx", "-r", "last"]);
});

test("flags whose names only begin alike carry over", () => {
  const flags = [
    "--preserve-symlinks",
    "--pending-deprecation",
    "--interpreted-frames-native-stack",
    "--experimental-vm-modules",
    "--enable-source-maps",
    "--cpu-something",
  ];
  assert.deepEqual(inheritedExecArgv(flags), flags);
});

test("what belongs to one process alone leaves its environment, and what a worker must know is added", () => {
  const env = inheritedEnv({ HOME: "/home", NODE_TEST_CONTEXT: "child-v8", NODE_CHANNEL_FD: "3", NODE_UNIQUE_ID: "1" });
  assert.deepEqual({ ...env }, { HOME: "/home", MANYHANDS_PARENT: `${process.pid}`, ...sessionEnvironment() });
});

test("heap limits become flags", () => {
  assert.deepEqual(limitFlags(undefined), []);
  assert.deepEqual(limitFlags({ maxOldGenerationSizeMb: 64, stackSizeMb: 2 }), ["--max-old-space-size=64", "--stack-size=2000"]);
});
