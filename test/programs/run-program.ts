import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

export interface ProgramEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is stopped. By default longer than any of them takes on a busy machine. */
  readonly deadline?: number;
}

export async function runProgram(command: string, args: readonly string[], options: ProgramOptions = {}): Promise<ProgramEnd> {
  const { cwd, env, deadline = 150_000 } = options;
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: deadline,
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [exitCode, stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  if (child.killed) throw new Error(`${command} ${args.join(" ")} was stopped after ${deadline} ms. It had printed:\n${stdout}\n${stderr}`);
  return { exitCode, stdout, stderr };
}
