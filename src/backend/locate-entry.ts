/**
 * Finds what a worker runs first.
 *
 * | the library is                    | a worker runs                                                                   |
 * | --------------------------------- | ------------------------------------------------------------------------------- |
 * | installed                         | `worker/runtime.cjs`                                                            |
 * | part of a bundle                  | the same code as text: a process gets it as the first bytes on its channel, a   |
 * |                                   | thread with its data; it takes itself for a file beside the bundle              |
 * | compiled, but not yet built       | `worker/entry.js` and what that imports                                         |
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { ownPath } from "../platform/own-path.js";
import { packedWorkerCode } from "./worker-code.js";

export type Entry =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "code"; readonly code: string; readonly path: string };

export function locateEntry(): Entry {
  const folder = dirname(ownPath());
  const isBuilt = packedWorkerCode !== undefined || ownCode() !== undefined;
  const path = join(folder, "..", "worker", isBuilt ? "runtime.cjs" : "entry.js");
  if (!isBuilt || existsSync(path)) return { kind: "file", path };
  return { kind: "code", code: workerCode(), path: join(folder, "manyhands-worker.cjs") };
}

let unpacked: string | undefined;

function workerCode(): string {
  return (unpacked ??=
    ownCode() ??
    process
      .getBuiltinModule("node:zlib")
      .brotliDecompressSync(Buffer.from(packedWorkerCode ?? "", "base64"))
      .toString());
}

/** The text that this worker itself was started with: it cannot contain itself, so it was told. */
function ownCode(): string | undefined {
  const code: unknown = Reflect.get(globalThis, Symbol.for(codeKey));
  return typeof code === "string" ? code : undefined;
}

const codeKey = "manyhands.worker-code";

/** A program for `node --eval` that reads so many bytes from descriptor 3 and runs them; the command line is too short for them. */
export function runFromChannel(sizeBytes: number, path: string): string {
  return `
const { readSync } = require("node:fs");
const code = Buffer.alloc(${sizeBytes});
for (let at = 0; at < code.length; ) {
  try {
    const count = readSync(3, code, at, code.length - at);
    if (count === 0) process.exit(1);
    at += count;
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
  }
}
${runAsFile("code.toString()", path)}`;
}

/** A program for a thread that runs the text `code` of its data. */
export function runFromData(path: string): string {
  return runAsFile(`require("node:worker_threads").workerData.code`, path);
}

/** Runs code as if it were that file: so it finds the packages beside the bundle, and may import. */
function runAsFile(code: string, path: string): string {
  return `
const { Module } = require("node:module");
const runtime = new Module(${JSON.stringify(path)});
runtime.filename = runtime.id;
runtime.paths = Module._nodeModulePaths(${JSON.stringify(dirname(path))});
const text = ${code};
globalThis[Symbol.for(${JSON.stringify(codeKey)})] = text;
runtime._compile(text, runtime.id);`;
}
