/** Starts programs that have nothing to do with the test but an address. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

export interface Program {
  readonly process: ChildProcess;
  /** The next line it prints, parsed; rejects when it ends before. */
  line(): Promise<any>;
  /** How it ended: its exit code, or the name of the signal. */
  readonly ended: Promise<number | string>;
  /** Has it end by itself, so that it takes with it what is its own. */
  stop(): Promise<unknown>;
}

export interface ProgramOptions {
  /** The instruction at which it is killed, and how often it passes that before. */
  readonly killPoint?: string | undefined;
  readonly skip?: number;
}

/** Starts `program.js ACTION ARGUMENT` in a session of its own. */
export function startProgram(action: string, argument: unknown, { killPoint, skip = 0 }: ProgramOptions = {}): Program {
  const loader = killPoint === undefined ? [] : ["--import", new URL("../../fault/memory/kill-point-loader.js", import.meta.url).href];
  const outside = Object.entries(process.env).filter(([name]) => name !== "MANYHANDS_SESSION");
  const child = spawn(process.execPath, [...loader, new URL("./program.js", import.meta.url).pathname, action, JSON.stringify(argument)], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...Object.fromEntries(outside), KILL_POINT: killPoint, KILL_POINT_SKIP: String(skip) },
  });
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<number | string>((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown")));
  return {
    process: child,
    async line() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the program ended before it said anything`);
      return JSON.parse(value);
    },
    ended,
    stop() {
      child.stdin.end();
      return ended;
    },
  };
}
