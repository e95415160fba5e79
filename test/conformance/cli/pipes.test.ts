import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { eventually, finishCli, nothingLeft, processesOf, startCli, type RunningCli } from "./run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "manyhands-test-"));
after(() => rmSync(folder, { recursive: true }));

/** Writes numbers for as long as the program takes them. */
async function feed({ child }: RunningCli, count: number): Promise<void> {
  const block = Array.from({ length: 1000 }, (_, index) => `${index}\n`).join("");
  for (let sent = 0; sent < count && child.stdin.writable; sent += 1000) {
    if (child.stdin.write(block)) continue;
    await new Promise((resolve) => child.stdin.once("drain", resolve).once("close", resolve));
  }
  child.stdin.end();
}

test("a reader that has seen enough ends it quietly, and nothing is left", async () => {
  const running = startCli(["map", "functions.mjs"]);
  const fed = feed(running, 10_000_000);
  const exited = once(running.child, "exit");
  const [first] = (await once(createInterface(running.child.stdout), "line")) as [string];
  running.child.stdout.destroy();
  let stderr = "";
  running.child.stderr.on("data", (text: Buffer) => (stderr += String(text)));
  assert.deepEqual([first, await exited, stderr], ["0", [0, null], ""]);
  await fed;
  await nothingLeft(running.marker);
});

test("results of a slow stream of inputs come without waiting for more inputs", async () => {
  const running = startCli(["map", "functions.mjs"]);
  const lines = createInterface(running.child.stdout);
  for (const number of [3, 4, 5]) {
    const line = once(lines, "line");
    running.child.stdin.write(`${number}\n`);
    assert.deepEqual(await line, [String(number ** 2)]);
  }
  running.child.stdin.end();
  assert.equal((await finishCli(running)).code, 0);
});

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  test(`${signal} ends it with ${code}, at most one line, and nothing left`, async () => {
    const running = startCli(["map", "functions.mjs#sleep", "-j", "2"]);
    running.child.stdin.write("1\n600000\n600000\n");
    const finished = finishCli(running);
    await once(running.child.stdout, "data");
    // Ctrl-C reaches the whole group, the workers too.
    for (const pid of processesOf(running.marker)) sendSignal(pid, signal);
    const { code: exitCode, lines, stderr } = await finished;
    assert.deepEqual([exitCode, lines], [code, ["1"]]);
    assert.ok(stderr.split("\n").length <= 2, stderr);
  });
}

test("SIGINT ends it while nobody reads its results", async () => {
  const running = startCli(["map", "functions.mjs#upper"]);
  const fed = feed(running, 10_000_000);
  const exited = once(running.child, "exit");
  // Results are there, but nobody takes them: it stands still once they fill the pipe.
  await once(running.child.stdout, "readable");
  await standsStill(running.marker);
  running.child.kill("SIGINT");
  assert.deepEqual(await exited, [130, null]);
  running.child.stdout.destroy();
  await fed;
  await nothingLeft(running.marker);
});

test("kill -9 of the program takes its workers with it, and leaves no file", async () => {
  const temporary = mkdtempSync(join(folder, "temporary-"));
  const running = startCli(["map", "functions.mjs#obey", "-j", "2", "--timeout", "1h"], { env: { TMPDIR: temporary } });
  running.child.stdin.write("fine\nloop\nhang\n");
  await once(running.child.stdout, "data");
  running.child.kill("SIGKILL");
  await nothingLeft(running.marker);
  assert.deepEqual(readdirSync(temporary), []);
});

test("an error while results are written is reported", async () => {
  const full = openSync("/dev/full", "w");
  const { spawnSync } = await import("node:child_process");
  const { mainPath, apps } = await import("./run-cli.js");
  const { status, stderr } = spawnSync(process.execPath, [mainPath, "map", "functions.mjs"], {
    cwd: apps,
    input: "1\n2\n",
    stdio: ["pipe", full, "pipe"],
    encoding: "utf8",
  });
  closeSync(full);
  assert.equal(status, 1);
  assert.match(stderr, /^manyhands: .*Cannot write the results: .*ENOSPC/);
});

test("memory stays bounded over half a million lines, in every process, with a reader that is slow at first", async () => {
  const running = startCli(["map", "functions.mjs"]);
  const peaks = new Map<number, number>();
  const finished = finishCli(running);
  running.child.stdout.pause();
  const watching = setInterval(() => {
    for (const pid of processesOf(running.marker)) peaks.set(pid, Math.max(peaks.get(pid) ?? 0, peakMemory(pid)));
  }, 20);
  setTimeout(() => running.child.stdout.resume(), 300);
  await feed(running, 500_000);
  const { code, lines } = await finished;
  clearInterval(watching);
  assert.deepEqual([code, lines.length], [0, 500_000]);
  assert.ok(peaks.size >= 2, "the workers were not seen");
  for (const [pid, peak] of peaks) assert.ok(peak < 300 * 1024 * 1024, `process ${pid} used ${peak} bytes`);
});

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // A worker that has followed its program already.
  }
}

/** Waits until no process of a run has used the processor for half a second. */
async function standsStill(marker: string): Promise<void> {
  let before = "";
  let quietTurns = 0;
  await eventually(
    () => {
      const now = processesOf(marker).map(cpuTime).join();
      quietTurns = now === before ? quietTurns + 1 : 0;
      before = now;
      return quietTurns > 50;
    },
    () => "it never stopped working",
  );
}

function cpuTime(pid: number): string {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return `${fields[11]} ${fields[12]}`;
}

/** Bytes: the most that a process ever had in memory. */
function peakMemory(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
