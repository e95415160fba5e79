/** Runs one of the programs in `scripts/` in another folder, with files planted there. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";

export interface ScriptEnd {
  readonly exitCode: number | null;
  /** Standard output and error. */
  readonly output: string;
}

/** `files` maps paths to contents; the folder that holds them is the program's working directory, and is gone afterwards. */
export async function runScript(script: string, args: readonly string[], files: Readonly<Record<string, string>>): Promise<ScriptEnd> {
  const folder = mkdtempSync(join(tmpdir(), "planted-"));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const command = ["--import", import.meta.resolve("tsx"), resolve("scripts", script), ...args];
    const child = spawn(process.execPath, command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const exited = new Promise<number | null>((settle) => child.once("exit", settle));
    const [exitCode, output, errors] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
    return { exitCode, output: output + errors };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
