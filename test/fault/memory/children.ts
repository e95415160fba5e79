/** Starts processes that share memory with a test, and looks after them. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { sessionEnvironment } from "#lib/memory/session.js";

export interface StartOptions {
  /** The instruction at which the process is killed, and how often it passes that before. */
  readonly killPoint?: string;
  readonly skip?: number;
  /** Another program than the `actor.js` beside this file. */
  readonly program?: URL;
}

/** Starts `actor.js ACTION ARGUMENT`, or another `program`, in the session of this process. */
export function start(action: string, argument: unknown, options: StartOptions = {}): ChildProcess {
  const program = options.program ?? new URL("./actor.js", import.meta.url);
  const loader = options.killPoint === undefined ? [] : ["--import", new URL("./kill-point-loader.js", import.meta.url).href];
  return spawn(process.execPath, [...loader, program.pathname, action, JSON.stringify(argument)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...sessionEnvironment(), KILL_POINT: options.killPoint, KILL_POINT_SKIP: String(options.skip ?? 0) },
  });
}

/** How a child ended: its exit code, or the name of the signal. */
export async function end(child: ChildProcess): Promise<number | string> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode ?? "unknown";
  const deadline = setTimeout(() => child.kill("SIGABRT"), 120_000);
  const [code, signal] = await once(child, "exit");
  clearTimeout(deadline);
  if (signal === "SIGABRT") throw new Error("the child did not end within 120 seconds");
  return code ?? signal;
}

/** Resolves when the child has written a line. @throws when it ends without having done so. */
export async function said(child: ChildProcess): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new Error("the child has no standard output");
  return new Promise((resolve, reject) => {
    stdout.once("data", (line) => resolve(String(line)));
    child.once("exit", (code, signal) =>
      setImmediate(() => reject(new Error(`the child ended (${code ?? signal}) before it said anything`))),
    );
  });
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`no ${what} within a minute`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
