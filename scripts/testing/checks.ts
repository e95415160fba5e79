/** Everything about the tree that can be wrong without running it. Builds the library and the tests on the way. */
import { spawn } from "node:child_process";
import { delimiter, resolve } from "node:path";
import { buffer } from "node:stream/consumers";

interface Check {
  readonly name: string;
  readonly command: string;
}

/** In this order: the tests and the linter read the types that the library's build writes. */
const checks: readonly Check[] = [
  { name: "build of the library", command: "npm run build" },
  { name: "types of the tests", command: "tsc -p test/tsconfig.json" },
  { name: "types of the examples", command: "tsc -p examples/tsconfig.json" },
  { name: "types of the demo", command: "tsc -p demo/tsconfig.json" },
  { name: "types of the scripts", command: "tsc -p scripts/tsconfig.json" },
  { name: "lint", command: "oxlint" },
  { name: "format (npm run format mends it)", command: "oxfmt --check" },
  { name: "unused code and dependencies", command: "knip" },
  { name: "layers", command: "node --import tsx scripts/layers.ts" },
];

export interface CheckCounts {
  readonly passed: number;
  readonly failed: number;
}

/** Runs every check, whatever the others say, and prints one line for each and the output of those that fail. */
export async function runChecks(): Promise<CheckCounts> {
  let failed = 0;
  for (const check of checks) if (!(await passes(check))) failed += 1;
  return { passed: checks.length - failed, failed };
}

/** With the tools of the project, whether npm started this or not. */
const path = `${resolve("node_modules/.bin")}${delimiter}${process.env["PATH"]}`;

async function passes(check: Check): Promise<boolean> {
  const started = performance.now();
  const child = spawn(check.command, {
    shell: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH: path, NO_COLOR: "1" },
  });
  const exited = new Promise<number | null>((settle) => child.once("exit", settle));
  const [exitCode, output, errors] = await Promise.all([exited, buffer(child.stdout), buffer(child.stderr)]);
  console.log(`${exitCode === 0 ? "✔" : "✖"} ${check.name}  ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  if (exitCode !== 0) process.stdout.write(Buffer.concat([output, errors]));
  return exitCode === 0;
}
