/** Runs the command line as its user does: as a program, with pipes. */
import assert from "node:assert/strict";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../../", import.meta.url));
export const mainPath = `${root}dist/cli/main.js`;
export const apps = `${root}test/fixtures/apps/cli`;

export interface CliOptions {
  readonly stdin?: string | Buffer;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly execArgv?: readonly string[];
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of standard output. */
  readonly lines: readonly string[];
}

/** A running command line. Its whole tree of processes can be found by `marker`, which is in their environment. */
export interface RunningCli {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly marker: string;
}

/** Runs it to its end, and asserts that nothing of it is left. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const running = startCli(args, options);
  running.child.stdin.end(options.stdin ?? "");
  return finishCli(running);
}

export function startCli(args: readonly string[], { cwd = apps, env = {}, execArgv = [] }: CliOptions = {}): RunningCli {
  const marker = randomUUID();
  const child = spawn(process.execPath, [...execArgv, mainPath, ...args], {
    cwd,
    env: { ...process.env, ...env, [markerName]: marker },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // The program may end before it has read all of its input.
  child.stdin.on("error", () => {});
  return { child, marker };
}

export async function finishCli({ child, marker }: RunningCli): Promise<CliResult> {
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => child.once("exit", (...end) => resolve(end)));
  const [[code, signal], stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  await nothingLeft(marker);
  return { code, signal, stdout, stderr, lines: stdout.split("\n").slice(0, -1) };
}

/** Waits until no process of the run is alive. */
export async function nothingLeft(marker: string): Promise<void> {
  await eventually(
    () => processesOf(marker).length === 0,
    () => `processes are left: ${processesOf(marker).join(", ")}`,
  );
}

/** The ids of the living processes of a run. */
export function processesOf(marker: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isOf(pid, marker));
}

function isOf(pid: number, marker: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`${markerName}=${marker}`);
  } catch {
    return false;
  }
}

/** Waits for a condition, a minute at most. */
export async function eventually(isTrue: () => boolean, otherwise: () => string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!isTrue()) {
    assert.ok(Date.now() < deadline, otherwise());
    await delay(10);
  }
}

const markerName = "MANYHANDS_TEST_RUN";
