import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments, UsageError, type MapCommand } from "#lib/cli/arguments.js";

function parseMap(...argv: string[]): MapCommand {
  const command = parseArguments(["map", ...argv]);
  assert.ok(command.kind === "map");
  return command;
}

function complaint(...argv: string[]): string {
  try {
    parseArguments(argv);
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return error.message;
  }
  return assert.fail(`${argv.join(" ")} was accepted`);
}

test("a command line without options reads lines and writes JSON in order", () => {
  assert.deepEqual(parseMap("./a.js#b"), {
    kind: "map",
    target: "./a.js#b",
    input: { kind: "stdin", isNullEnded: false },
    format: { input: "text", output: "json" },
    isOrdered: true,
    jobs: undefined,
    backend: "process",
    chunkSize: undefined,
    timeout: undefined,
    isQuiet: false,
  });
});

test("every option arrives, in its long and its short form", () => {
  const long = parseMap(
    "--input",
    "f",
    "--json",
    "--null",
    "--unordered",
    "--raw",
    "--jobs",
    "3",
    "a.js",
    "--threads",
    "--chunk-size=7",
    "--timeout",
    "5s",
    "--quiet",
  );
  assert.deepEqual(long, {
    kind: "map",
    target: "a.js",
    input: { kind: "file", path: "f", isNullEnded: true },
    format: { input: "json", output: "raw" },
    isOrdered: false,
    jobs: 3,
    backend: "thread",
    chunkSize: 7,
    timeout: 5000,
    isQuiet: true,
  });
  assert.deepEqual(parseMap("-i", "f", "--json", "-0urq", "-j3", "a.js", "--threads", "--chunk-size", "7", "--timeout", "5000"), long);
});

test("--input - is standard input", () => {
  assert.deepEqual(parseMap("a.js", "--input", "-").input, { kind: "stdin", isNullEnded: false });
});

test("--files takes several globs, also those the shell has expanded", () => {
  assert.deepEqual(parseMap("a.js", "--files", "a", "b", "c").input, { kind: "globs", globs: ["a", "b", "c"] });
  assert.deepEqual(parseMap("a.js", "--files", "a", "--files", "b").input, { kind: "globs", globs: ["a", "b"] });
});

test("--help and --version need no command", () => {
  assert.deepEqual(parseArguments(["--help"]), { kind: "help" });
  assert.deepEqual(parseArguments(["map", "-h"]), { kind: "help" });
  assert.deepEqual(parseArguments(["-V"]), { kind: "version" });
});

test("each mistake is named", () => {
  assert.match(complaint(), /Which command/);
  assert.match(complaint("reduce"), /no command "reduce"/);
  assert.match(complaint("map"), /Map what/);
  assert.match(complaint("map", "a.js", "--wrong"), /^Unknown option '--wrong'\.$/);
  assert.match(complaint("map", "a.js", "--input"), /--input.* argument missing/);
  assert.match(complaint("map", "a.js", "--raw=yes"), /--raw.* does not take an argument/);
  assert.match(complaint("map", "a.js", "b.txt"), /Unexpected argument "b\.txt".*--files/);
  assert.match(complaint("map", "a.js", "--files", "x", "--input", "y"), /--files and --input cannot both/);
  assert.match(complaint("map", "a.js", "--files", "x", "--json"), /--files and --json cannot both/);
  for (const jobs of ["0", "-1", "2.5", "many", "", "5000"]) {
    assert.match(complaint("map", "a.js", `--jobs=${jobs}`), /--jobs takes a whole number from 1 to 1024, not /);
  }
  assert.match(complaint("map", "a.js", "--chunk-size", "0"), /--chunk-size takes a whole number/);
  for (const time of ["0", "soon", "30d", "9999999999999"])
    assert.match(complaint("map", "a.js", "--timeout", time), /--timeout takes milliseconds/);
});
