#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { parseArguments, UsageError, type Command } from "./arguments.js";
import { describeError } from "./engine/describe-error.js";
import { LoadError } from "./target/prepare-workers.js";
import { helpText, usageLine } from "./usage.js";

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** The program `manyhands`. Nothing imports this module. */
async function main(argv: readonly string[]): Promise<number> {
  // Whoever reads messages may have gone before whoever reads results.
  process.stderr.on("error", () => {});
  try {
    return await runCommand(parseArguments(argv));
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`manyhands: ${error.message}\n${usageLine}\n`);
      return 2;
    }
    if (error instanceof LoadError) {
      process.stderr.write(`manyhands: ${error.message}\n`);
      return 2;
    }
    process.stderr.write(`manyhands: ${describeError(error)}\n`);
    return 1;
  }
}

async function runCommand(command: Command): Promise<number> {
  if (command.kind === "help") return print(helpText);
  if (command.kind === "version") return print(`${version()}\n`);
  const { runMap } = await import("./map-command.js");
  return untilSignal((stop) => runMap(command, stop));
}

/** The first signal stops the work in good order, the second at once. */
async function untilSignal(work: (stop: AbortController) => Promise<number>): Promise<number> {
  const stop = new AbortController();
  let exitCode: number | undefined;
  for (const [name, number] of Object.entries(signalNumbers)) {
    process.on(name, () => {
      if (exitCode !== undefined) process.exit(exitCode);
      exitCode = 128 + number;
      stop.abort();
    });
  }
  try {
    return await work(stop);
  } catch (error) {
    if (exitCode === undefined) throw error;
    return exitCode;
  } finally {
    // By force: a reader of the results that does not read would keep the program alive.
    if (exitCode !== undefined) process.exit(exitCode);
  }
}

async function print(text: string): Promise<number> {
  process.stdout.on("error", () => {});
  await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
  return 0;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const found: unknown = typeof manifest === "object" && manifest !== null ? Reflect.get(manifest, "version") : undefined;
  return typeof found === "string" ? found : "unknown";
}

process.exitCode = await main(process.argv.slice(2));
