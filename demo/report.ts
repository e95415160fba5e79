import { formatDuration } from "#lib/cli/duration.js";
import { grouped } from "#lib/cli/progress/render-bar.js";
import type { FileFacts } from "./measure-file.js";

/** All files, measured one way. */
export interface Pass {
  readonly workers: number;
  /** Milliseconds for all of them. */
  readonly elapsed: number;
  readonly facts: readonly FileFacts[];
}

/** What came out, as tables. */
export function report(alone: Pass, together: Pass): string {
  const facts = together.facts;
  return [
    "",
    "Slowest",
    ...table(top(facts, (file) => file.elapsed).map((file) => [shorten(file.path), formatDuration(file.elapsed), bytes(file.sizeBytes)])),
    "",
    "Biggest",
    ...table(top(facts, (file) => file.sizeBytes).map((file) => [shorten(file.path), bytes(file.sizeBytes), file.sha256.slice(0, 12)])),
    "",
    "Total",
    ...table(totals(facts)),
    "",
    "Time",
    ...table([timeOf("one process", alone), timeOf(`${together.workers} workers`, together)]),
    `  ${(alone.elapsed / together.elapsed).toFixed(2)} times as fast on ${together.workers} cores, with the same results`,
    "",
  ].join("\n");
}

function totals(facts: readonly FileFacts[]): string[][] {
  const size = sum(facts, (file) => file.sizeBytes);
  const compressed = sum(facts, (file) => file.compressedBytes);
  return [
    ["files", grouped(facts.length)],
    ["lines", grouped(sum(facts, (file) => file.lines))],
    ["size", bytes(size)],
    ["compressed", `${bytes(compressed)} (${((compressed / size) * 100).toFixed(0)}%)`],
  ];
}

function timeOf(name: string, pass: Pass): string[] {
  const size = sum(pass.facts, (file) => file.sizeBytes);
  return [
    name,
    formatDuration(pass.elapsed),
    `${grouped((pass.facts.length * 1000) / pass.elapsed)} files/s`,
    `${bytes((size * 1000) / pass.elapsed)}/s`,
  ];
}

function top(facts: readonly FileFacts[], measure: (file: FileFacts) => number): FileFacts[] {
  return facts.toSorted((a, b) => measure(b) - measure(a)).slice(0, rowsShown);
}

function sum(facts: readonly FileFacts[], measure: (file: FileFacts) => number): number {
  return facts.reduce((total, file) => total + measure(file), 0);
}

/** The first column left, the others right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map(
    (row) => `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ")}`,
  );
}

/** The end of a path tells more than its start. */
function shorten(path: string): string {
  const short = path.replace(/^node_modules\//, "");
  return short.length <= longestPath ? short : `…${short.slice(1 - longestPath)}`;
}

function bytes(value: number): string {
  return value < 1024 * 1024 ? `${(value / 1024).toFixed(1)} KiB` : `${(value / 1024 / 1024).toFixed(1)} MiB`;
}

const rowsShown = 5;
const longestPath = 56;
