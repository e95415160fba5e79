/**
 * Runs the compiled test files, a few at a time, and ends with the line `N passed, N failed`.
 *
 *     node --import tsx scripts/test.ts [options] [part of a path … | !part of a path …]
 *
 *     --check          builds and checks everything first, and counts the checks too
 *     --node PATH      the Node binary that runs the tests (default: this one)
 *     --jobs N         files at a time (default: two for each core, as tests wait more than they compute)
 *     --deadline S     seconds a file may take (default: 240)
 *     --settle S       seconds that what a file started may take to go after its end (default: 20)
 *     --repeat N       runs everything N times, to find what fails now and then
 *     --loaded         keeps every core busy meanwhile, for the same purpose
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runChecks } from "./testing/checks.js";
import { runFile, type FileResult } from "./testing/run-file.js";
import { selectFiles } from "./testing/select-files.js";

const { values: options, positionals: patterns } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: "boolean", default: false },
    node: { type: "string", default: process.execPath },
    jobs: { type: "string", default: String(2 * availableParallelism()) },
    deadline: { type: "string", default: "240" },
    settle: { type: "string", default: "20" },
    repeat: { type: "string", default: "1" },
    loaded: { type: "boolean", default: false },
  },
});

/** A busy loop that ends with its parent, however that ends. */
const untilOrphaned = "const parent = process.ppid; while (process.ppid === parent);";

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
if (options.loaded) keepCoresBusy();
const checks = options.check ? await runChecks() : { passed: 0, failed: 0 };
if (options.check) console.log("");
const files = selectFiles(patterns);
const queue = Array.from({ length: Number(options.repeat) }, () => files).flat();
const results: FileResult[] = [];
await Promise.all(Array.from({ length: Number(options.jobs) }, runFromQueue));
report(results);
process.exit(checks.failed > 0 || results.some((result) => result.failures.length > 0) ? 1 : 0);

async function runFromQueue(): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const result = await runFile(file, {
      node: resolve(options.node),
      deadline: Number(options.deadline) * 1_000,
      settle: Number(options.settle) * 1_000,
    });
    results.push(result);
    console.log(lineOf(result));
    for (const failure of result.failures) console.log(`\n  ✖ ${failure.name}\n${indent(failure.details)}`);
    if (result.failures.length > 0 && result.output !== "") console.log(`\n  printed:\n${indent(result.output)}\n`);
  }
}

function lineOf(result: FileResult): string {
  const mark = result.failures.length === 0 ? "✔" : "✖";
  const failed = result.failures.length === 0 ? "" : `, ${result.failures.length} failed`;
  const skipped = result.skipped.length === 0 ? "" : `, ${result.skipped.length} skipped`;
  return `${mark} ${relative("build/test", result.file)}  ${result.passed} passed${failed}${skipped}  ${(result.durationMs / 1_000).toFixed(1)} s`;
}

function report(all: readonly FileResult[]): void {
  const passed = all.reduce((sum, result) => sum + result.passed, checks.passed);
  const failed = all.reduce((sum, result) => sum + result.failures.length, checks.failed);
  const skipped = new Set(all.flatMap((result) => result.skipped));
  if (skipped.size > 0) console.log(`\nskipped:\n${indent([...skipped].join("\n"))}`);
  const names = all.flatMap((result) => result.failures.map((failure) => `${relative("build/test", result.file)}: ${failure.name}`));
  if (names.length > 0) console.log(`\nfailed:\n${indent(names.join("\n"))}`);
  console.log(`\n${passed} passed, ${failed} failed`);
}

function keepCoresBusy(): void {
  const hogs = Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ["-e", untilOrphaned], { stdio: "ignore" }));
  process.on("exit", () => hogs.forEach((hog) => hog.kill("SIGKILL")));
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, "    ");
}
