/**
 * Finds what a worker runs first. As installed, that is a file in the folder `worker`. In a bundle there is no such file: the worker
 * then gets the whole of its runtime as text (`embedded.ts`, made by `npm run build`), a process as the first bytes on its
 * channel, a thread as its source.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { embeddedRuntime } from "./embedded.js";

export interface ProcessEntry {
  /** What Node is to run. */
  readonly args: readonly string[];
  /** Written to the channel before the first frame. */
  readonly preamble: Buffer | undefined;
}

export interface ThreadEntry {
  readonly source: string | URL;
  /** `source` is code, not the URL of a file. */
  readonly isCode: boolean;
}

export function processEntry(): ProcessEntry {
  const file = entryFile("../worker/entry-process.js");
  if (file !== undefined) return { args: [fileURLToPath(file)], preamble: undefined };
  const source = Buffer.from(embeddedRuntime("process"));
  return { args: ["--input-type=commonjs", "--eval", readRuntime(source.length)], preamble: source };
}

export function threadEntry(): ThreadEntry {
  const file = entryFile("../worker/entry-thread.js");
  return file === undefined ? { source: embeddedRuntime("thread"), isCode: true } : { source: file, isCode: false };
}

function entryFile(name: string): URL | undefined {
  // Empty in a CommonJS bundle.
  const base: string | undefined = import.meta.url;
  if (base === undefined || !base.startsWith("file:")) return undefined;
  const url = new URL(name, base);
  return existsSync(url) ? url : undefined;
}

/** A program that reads that many bytes of source from descriptor 3 and runs them. The command line would be too short for them. */
function readRuntime(sizeBytes: number): string {
  return [
    `const source = Buffer.alloc(${sizeBytes});`,
    `const { readSync } = require("node:fs");`,
    `for (let at = 0; at < source.length; ) {`,
    `  try { const count = readSync(3, source, at); if (count === 0) process.exit(1); at += count; }`,
    `  catch (error) { if (error.code !== "EAGAIN") throw error; }`,
    `}`,
    `new Function("require", source.toString())(require);`,
  ].join("\n");
}
