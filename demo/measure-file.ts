import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";

export interface FileFacts {
  readonly path: string;
  readonly sizeBytes: number;
  readonly lines: number;
  readonly sha256: string;
  readonly compressedBytes: number;
  /** Milliseconds it took to find all this out. */
  readonly elapsed: number;
}

/** The real work of the demo: reads a file, and hashes, counts and compresses what is in it. */
export function measureFile(path: string): FileFacts {
  const started = performance.now();
  const bytes = readFileSync(path);
  return {
    path,
    sizeBytes: bytes.length,
    lines: countLines(bytes),
    sha256: createHash("sha256").update(bytes).digest("hex"),
    compressedBytes: deflateRawSync(bytes).length,
    elapsed: performance.now() - started,
  };
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, end + 1)) lines += 1;
  return lines;
}

const newline = 0x0a;
