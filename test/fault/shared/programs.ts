/** Starts programs that are no part of this one's session. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { after } from "node:test";

export interface ProgramOptions {
  readonly killPoint?: string;
  /** How often it passes that point before. */
  readonly skip?: number;
  readonly number?: number;
  /** Whether it is expected to fail, and its words are of no interest. */
  readonly isDoomed?: boolean;
}

const running = new Set<ChildProcess>();

// A test that has failed leaves its programs running.
after(() => {
  for (const program of running) program.kill("SIGKILL");
});

export function startProgram(
  action: string,
  name: string,
  { killPoint, skip = 0, number = 0, isDoomed = false }: ProgramOptions = {},
): ChildProcess {
  const { MANYHANDS_SESSION: _session, ...env } = process.env;
  const loader = killPoint === undefined ? [] : ["--import", new URL("../memory/kill-point-loader.js", import.meta.url).href];
  const program = spawn(process.execPath, [...loader, new URL("./actor.js", import.meta.url).pathname, action, name, String(number)], {
    stdio: ["ignore", "pipe", isDoomed ? "ignore" : "inherit"],
    env: { ...env, KILL_POINT: killPoint, KILL_POINT_SKIP: String(skip) },
  });
  running.add(program);
  program.once("exit", () => running.delete(program));
  return program;
}

/** Resolves when the program has said "ready". */
export async function isReady(program: ChildProcess): Promise<void> {
  if (program.stdout === null) throw new Error("the program has no standard output");
  await once(program.stdout, "data");
}

/** How a program ended: its exit code, or the name of the signal. */
export async function end(program: ChildProcess): Promise<number | string> {
  if (program.exitCode !== null || program.signalCode !== null) return program.exitCode ?? program.signalCode ?? "unknown";
  const [code, signal] = (await once(program, "exit")) as [number | null, NodeJS.Signals | null];
  return code ?? signal ?? "unknown";
}

/** Runs a program to its end. */
export function run(action: string, name: string, options?: ProgramOptions): Promise<number | string> {
  return end(startProgram(action, name, options));
}
