import assert from "node:assert/strict";

/**
 * Compares what a program printed with what its documentation says. In the documentation `<number>` stands for any
 * number, `<time>` for a time of day, and `…` for anything within a line.
 */
export function assertOutput(actual: string, expected: string): void {
  const pattern = expected.trimEnd().split("\n").map(patternOf).join("\n");
  if (!new RegExp(`^${pattern}$`).test(actual.trimEnd())) assert.equal(actual.trimEnd(), expected.trimEnd());
}

function patternOf(line: string): string {
  return line
    .trimEnd()
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("<number>", String.raw`-?\d[\d,]*(\.\d+)?`)
    .replaceAll("<time>", String.raw`\d\d:\d\d:\d\d`)
    .replaceAll("…", ".*");
}
