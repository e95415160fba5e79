/** Runs the tools of this project in another folder, with files planted there. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";

export interface ScriptEnd {
  readonly exitCode: number | null;
  /** Standard output and error. */
  readonly output: string;
}

/** Contents by path. */
export type PlantedFiles = Readonly<Record<string, string>>;

/** Runs one of the programs in `scripts/`. */
export async function runScript(script: string, args: readonly string[], files: PlantedFiles): Promise<ScriptEnd> {
  return await runAmong(files, ["--import", import.meta.resolve("tsx"), resolve("scripts", script), ...args]);
}

/** Runs Node with `args` in a folder that holds `files`, and is gone afterwards. */
export async function runAmong(files: PlantedFiles, args: readonly string[]): Promise<ScriptEnd> {
  const folder = mkdtempSync(join(tmpdir(), "planted-"));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const exited = new Promise<number | null>((settle) => child.once("exit", settle));
    const [exitCode, output, errors] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
    return { exitCode, output: output + errors };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
