/** Whole programs with pools: what keeps them alive, and what is left of them however they end. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { waitUntil } from "./backends.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

function start(name: string, ...args: string[]): ChildProcess {
  // A process group of its own, as a terminal gives each program.
  return spawn(process.execPath, [`${root}test/fixtures/apps/pool/${name}`, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
}

async function linesOf(child: ChildProcess): Promise<string[]> {
  const lines: string[] = [];
  assert.ok(child.stdout);
  for await (const line of createInterface(child.stdout)) lines.push(line);
  return lines;
}

async function run(name: string, ...args: string[]): Promise<{ lines: string[]; exitCode: number | null }> {
  const child = start(name, ...args);
  const [lines] = await Promise.all([linesOf(child), once(child, "exit")]);
  return { lines, exitCode: child.exitCode };
}

async function startBusy(): Promise<{ program: ChildProcess; workers: readonly number[] }> {
  const program = start("busy.mjs");
  assert.ok(program.stdout);
  const [line] = (await once(createInterface(program.stdout), "line")) as [string];
  const workers = JSON.parse(line) as number[];
  assert.equal(workers.length, 4);
  assert.ok(workers.every(isAlive));
  return { program, workers };
}

/** Whether a signal was sent to the process that it has not got yet. One it does not survive ends it when it gets it. */
function hasPendingSignal(pid: number): boolean {
  try {
    return !/^ShdPnd:\s+0+$/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** A zombie is not alive: it only waits for its parent to notice. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("an idle pool that nobody closed does not keep the program alive", { timeout: 60_000 }, async () => {
  assert.deepEqual(await run("idle.mjs"), { lines: ["[ 2, 3 ]"], exitCode: 0 });
});

test("pending work keeps the program alive until it is done", { timeout: 60_000 }, async () => {
  const { lines, exitCode } = await run("pending.mjs");
  assert.deepEqual(lines.toSorted(), ["one", "three", "two"]);
  assert.equal(exitCode, 0);
});

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  test(`${signal} of the program takes its busy workers with it`, { timeout: 60_000 }, async () => {
    const { program, workers } = await startBusy();
    program.kill(signal);
    await waitUntil("no worker is left", () => !workers.some(isAlive));
  });
}

test("Ctrl-C ends the program, and leaves no worker", { timeout: 60_000 }, async () => {
  const { program, workers } = await startBusy();
  const exited = once(program, "exit");
  process.kill(-(program.pid ?? assert.fail("it runs")), "SIGINT");
  const [code, signal] = (await exited) as [number | null, string | null];
  assert.ok(signal === "SIGINT" || code === 130, `it ended by ${signal ?? code}`);
  await waitUntil("no worker is left", () => !workers.some(isAlive));
});

test("Ctrl-C does not end workers whose program goes on", { timeout: 60_000 }, async () => {
  const { program, workers } = await startBusy();
  try {
    for (const worker of workers) process.kill(worker, "SIGINT");
    await waitUntil("every worker has got the signal", () => !workers.some(hasPendingSignal));
    assert.ok(workers.every(isAlive));
  } finally {
    program.kill("SIGKILL");
  }
  await waitUntil("no worker is left", () => !workers.some(isAlive));
});

test("half a million items pass through imapUnordered in constant memory", { timeout: 120_000 }, async () => {
  const { lines, exitCode } = await run("constant-memory.mjs", "500000");
  assert.equal(exitCode, 0);
  const { received, length, peaks } = JSON.parse(lines[0] ?? "") as { received: number; length: number; peaks: number[] };
  assert.equal(received, 500_000);
  assert.equal(length, 2_888_895);
  assert.equal(peaks.length, 3);
  for (const peak of peaks) assert.ok(peak < 300, `${peak} MiB at the peak`);
});
