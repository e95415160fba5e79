import { lstatSync } from "node:fs";
import { glob } from "tinyglobby";
import type { InputExtent, InputPiece, InputSource } from "./input-source.js";

/**
 * The names of the files that globs match: each once, sorted within its glob, relative ones relative to the working
 * folder. An argument that names an existing file is that file, whatever characters are in it, so that names which the
 * shell has expanded are safe.
 */
export class FilesSource implements InputSource {
  readonly #names: readonly string[];
  readonly #refused: readonly InputPiece[];

  private constructor(names: readonly string[], refused: readonly InputPiece[]) {
    this.#names = names;
    this.#refused = refused;
  }

  /** Finds the files. A glob that matches nothing becomes a refused input, which fails the run but not the other globs. */
  static async find(globs: readonly string[]): Promise<FilesSource> {
    const names = new Set<string>();
    const refused: InputPiece[] = [];
    for (const pattern of globs) {
      const found = await filesOf(pattern);
      if (typeof found === "string") refused.push({ kind: "refused", name: JSON.stringify(pattern), reason: found });
      else for (const name of found) names.add(name);
    }
    return new FilesSource([...names], refused);
  }

  async *pieces(): AsyncGenerator<InputPiece> {
    yield* this.#refused;
    for (let start = 0; start < this.#names.length; start += namesInBatch) {
      yield { kind: "inputs", items: this.#names.slice(start, start + namesInBatch), firstLine: undefined };
    }
  }

  extent(): InputExtent {
    return { kind: "count", count: this.#names.length + this.#refused.length };
  }

  get given(): number {
    return this.#names.length + this.#refused.length;
  }

  close(): void {
    // Nothing is open.
  }
}

/** The names, or the reason why there are none. */
async function filesOf(pattern: string): Promise<readonly string[] | string> {
  const stats = lstatSync(pattern, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return `it is a folder; its files are ${JSON.stringify(`${pattern.replace(/\/+$/, "")}/**`)}`;
  if (stats !== undefined) return [pattern];
  const names = await glob(pattern, { onlyFiles: true, expandDirectories: false, dot: false });
  return names.length === 0 ? "no file matches it" : names.sort();
}

const namesInBatch = 1024;
