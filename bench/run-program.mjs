/** Runs a program to its end, with all processes it starts, and says how long it took and how much memory they had together. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const limit = 120_000;

/**
 * A file of certificates that every Node reads at its start takes twice as long to read as the rest of the start. A contender that
 * keeps the user's environment from its workers would seem to start faster.
 */
const { NODE_EXTRA_CA_CERTS: _certificates, ...env } = process.env;

/** Milliseconds between two looks at the memory. Not while time is measured: looking costs some. */
const interval = 4;

export async function runProgram([program, ...args], { countsMemory }) {
  const start = performance.now();
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"], env });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (output[name] += text));
  const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, "SIGKILL"), limit);
  let peakMegabytes = 0;
  const looks = countsMemory ? setInterval(() => (peakMegabytes = Math.max(peakMegabytes, megabytesOf(child.pid))), interval) : undefined;
  const milliseconds = new Promise((resolve) => child.once("exit", () => resolve(performance.now() - start)));
  const status = await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  clearInterval(looks);
  return { status, ...output, milliseconds: await milliseconds, peakMegabytes };
}

/** What is resident of all processes of the group: what they share counts for each. */
function megabytesOf(group) {
  let pages = 0;
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const afterName = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
      if (Number(afterName[2]) === group) pages += Number(afterName[21]);
    } catch {
      // It has just ended.
    }
  }
  return (pages * 4096) / 1e6;
}
