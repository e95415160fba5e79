/**
 * Runs one compiled test file in a session of its own, with a deadline around it that nothing inside can escape: a
 * grandchild that was left behind would keep `node --test` waiting for ever.
 *
 *     file's folder/  events.jsonl   what node:test reported, by reporter.mjs
 *                     output.log     what the file and its children printed
 *                     tmp/           the file's TMPDIR
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { findLeftovers, listSharedMemory, processesOf, tagVariable, type Footprint, type ProcessMarks } from "./leaks.js";

export interface RunOptions {
  /** The Node binary that runs the file. */
  readonly node: string;
  /** After this many milliseconds the whole session is killed. */
  readonly deadline: number;
  /** How many milliseconds what the file started may take to go after it has ended. */
  readonly settle: number;
}

export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failures: readonly Failure[];
  /** `name: reason` of every test that was skipped. */
  readonly skipped: readonly string[];
  readonly durationMs: number;
  /** What the file printed. */
  readonly output: string;
}

export interface Failure {
  readonly name: string;
  readonly details: string;
}

interface TestEvent {
  readonly type: "start" | "pass" | "fail";
  readonly name: string;
  readonly nesting: number;
  readonly at?: string;
  readonly isSuite?: boolean;
  readonly isConsequence?: boolean;
  readonly skipped?: string;
  readonly error?: string;
}

const reporter = new URL("reporter.mjs", import.meta.url).href;
/** What to clean when the runner itself is stopped. */
const running = new Set<ProcessMarks & { readonly folder: string; readonly ended: Promise<unknown> }>();
process.on("exit", () => {
  for (const { folder, ...marks } of running) {
    processesOf(marks).forEach(kill);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

export async function runFile(file: string, options: RunOptions): Promise<FileResult> {
  const started = performance.now();
  // Short, because the path of a Unix socket made below it may have only 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), "mh-"));
  const tempFolder = join(folder, "tmp");
  mkdirSync(tempFolder);
  const tag = `${process.env[tagVariable] ?? ""}/${randomUUID()}`;
  const sharedMemoryBefore = listSharedMemory();
  try {
    const end = await runToEnd(file, { ...options, folder, tag });
    // What appears later is another file's: a process of this one that could still make something is reported itself.
    const sharedMemory = [...listSharedMemory()].filter((name) => !sharedMemoryBefore.has(name));
    const leftoverFailures = await clean({ tag, session: end.pid, tempFolder, sharedMemory }, options.settle);
    const events = readEvents(join(folder, "events.jsonl"));
    const failures = [...failuresOf(events), ...endFailures(events, end), ...leftoverFailures];
    return {
      file,
      passed: events.filter((event) => event.type === "pass" && !event.isSuite && event.skipped === undefined).length,
      failures,
      skipped: events.filter((event) => event.skipped !== undefined).map((event) => `${event.name}: ${event.skipped}`),
      durationMs: performance.now() - started,
      output: readFileSync(join(folder, "output.log"), "utf8"),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface ProcessEnd {
  readonly pid: number;
  readonly code: number | null;
  readonly signal: string | null;
  readonly isLate: boolean;
}

async function runToEnd(file: string, run: RunOptions & { folder: string; tag: string }): Promise<ProcessEnd> {
  const events = join(run.folder, "events.jsonl");
  const output = openSync(join(run.folder, "output.log"), "w");
  const child = spawn(run.node, [`--test-reporter=${reporter}`, `--test-reporter-destination=${events}`, file], {
    detached: true,
    stdio: ["ignore", output, output],
    env: {
      ...process.env,
      [tagVariable]: run.tag,
      TMPDIR: join(run.folder, "tmp"),
      PATH: `${dirname(run.node)}${delimiter}${process.env["PATH"]}`,
    },
  });
  closeSync(output);
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve([code, signal]));
  });
  const marks = { tag: run.tag, session: child.pid ?? -1, folder: run.folder, ended };
  running.add(marks);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    processesOf(marks).forEach(kill);
  }, run.deadline);
  try {
    const [code, signal] = await ended;
    return { pid: marks.session, code, signal, isLate };
  } finally {
    clearTimeout(timer);
    running.delete(marks);
  }
}

/**
 * Kills what is left, so that one file's leak does not become the next one's, and reports it. What is in /dev/shm may belong to a
 * file that is still running: then it is looked at again when that has ended.
 */
async function clean(footprint: Footprint, settle: number): Promise<Failure[]> {
  let leftovers = await findLeftovers(footprint, settle);
  if (leftovers.length > 0 && running.size > 0) {
    await Promise.all([...running].map(({ ended }) => ended));
    leftovers = await findLeftovers(footprint, settle);
  }
  for (const { pid } of leftovers) if (pid !== undefined) kill(pid);
  if (leftovers.length === 0) return [];
  return [{ name: "nothing is left behind", details: leftovers.map((left) => left.description).join("\n") }];
}

function failuresOf(events: readonly TestEvent[]): Failure[] {
  return events
    .filter((event) => event.type === "fail" && !event.isConsequence && event.skipped === undefined)
    .map((event) => ({ name: event.name, details: `${event.at ?? ""}\n${event.error ?? ""}` }));
}

/** A file that ends badly, late or without a single test has failed, whatever its tests say. */
function endFailures(events: readonly TestEvent[], end: ProcessEnd): Failure[] {
  if (end.isLate) return [{ name: "ends in time", details: `Killed at the deadline. Not finished:\n${unfinished(events).join("\n")}` }];
  if (end.signal !== null)
    return [{ name: "ends by itself", details: `Killed by ${end.signal}. Not finished:\n${unfinished(events).join("\n")}` }];
  if (!events.some((event) => event.type !== "start")) return [{ name: "has tests", details: `No test ran; exit code ${end.code}.` }];
  const hasFailed = events.some((event) => event.type === "fail" && event.skipped === undefined);
  if (end.code !== 0 && !hasFailed) return [{ name: "exits with 0", details: `All tests passed, but the exit code is ${end.code}.` }];
  return [];
}

function unfinished(events: readonly TestEvent[]): string[] {
  const open: string[] = [];
  for (const event of events) {
    const key = `${"  ".repeat(event.nesting)}${event.name}`;
    if (event.type === "start") open.push(key);
    else if (open.includes(key)) open.splice(open.indexOf(key), 1);
  }
  return open;
}

function readEvents(path: string): TestEvent[] {
  const lines = readText(path).split("\n");
  // The last line is empty, or was cut short with the process.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as TestEvent);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
