/** Every example prints what its last comment says, run as TypeScript by tsx and as the JavaScript that tsc makes of it. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "node:test";
import { assertOutput } from "../programs/expected-output.js";
import { runProgram } from "../programs/run-program.js";

const examples = readdirSync("examples").filter((name) => name.endsWith(".ts"));

// Some wait for seconds, and leave the processor to others.
describe("examples", { concurrency: 4 }, () => {
  for (const example of examples) {
    const { lines, inAnyOrder } = promiseOf(example);
    const run = async (args: string[]): Promise<void> => {
      const { exitCode, stdout, stderr } = await runProgram(process.execPath, args);
      assert.equal(stderr, "");
      const printed = stdout.trimEnd().split("\n");
      assertOutput((inAnyOrder ? printed.sort() : printed).join("\n"), lines.join("\n"));
      assert.equal(exitCode, 0);
    };
    test(`examples/${example} prints what it says, run by tsx`, () =>
      run([resolve("node_modules/tsx/dist/cli.mjs"), `examples/${example}`]));
    test(`examples/${example} prints what it says, compiled`, () => run([`build/examples/${example.replace(/\.ts$/, ".js")}`]));
  }
});

function promiseOf(example: string): { lines: string[]; inAnyOrder: boolean } {
  const promise = /^\/\/ Prints(, in any order)?:\n((?:\/\/ .*\n)+)$/m.exec(readFileSync(`examples/${example}`, "utf8"));
  if (promise === null) throw new Error(`examples/${example} does not end with "// Prints:" and the lines that it prints`);
  return {
    lines: promise[2]!
      .trimEnd()
      .replace(/^\/\/ /gm, "")
      .split("\n"),
    inAnyOrder: promise[1] !== undefined,
  };
}
