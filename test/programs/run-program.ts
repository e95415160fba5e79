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
}

/** Longer than any of them takes on a busy machine; the test says so instead of hanging. */
const deadline = 90_000;

export async function runProgram(command: string, args: readonly string[], { cwd, env }: ProgramOptions = {}): Promise<ProgramEnd> {
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
  return { exitCode, stdout, stderr };
}
