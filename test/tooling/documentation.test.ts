import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readCodeBlocks, type CodeBlock } from "../docs/code-blocks.js";
import { assertOutput } from "../programs/expected-output.js";

function blocksOf(name: string, content: string): CodeBlock[] {
  const folder = mkdtempSync(join(tmpdir(), "blocks-"));
  try {
    writeFileSync(join(folder, name), content);
    return readCodeBlocks(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("code blocks of a Markdown file come with their flags, their line and what they print", () => {
  const blocks = blocksOf(
    "guide.md",
    "# Guide\n\n```ts no-run\nrun();\n```\n\n```js cjs\ngo();\n```\n\nIt prints:\n\n```text output\nhello\n```\n",
  );
  assert.deepEqual(
    blocks.map(({ language, flags, line, code, output }) => ({ language, flags, line, code, output })),
    [
      { language: "ts", flags: ["no-run"], line: 4, code: "run();", output: undefined },
      { language: "js", flags: ["cjs"], line: 8, code: "go();", output: "hello" },
    ],
  );
});

test("arrow comments are what a code block prints", () => {
  const [block] = blocksOf("guide.md", "```ts\nconsole.log(1); // → 1\nwork();\nconsole.log(2); // → 2\n```\n");
  assert.equal(block?.output, "1\n2");
});

test("code blocks of a source file are those of its doc comments' examples", () => {
  const source = [
    "/** Not `code`. */",
    "export class Pool {",
    "  /**",
    "   * Runs.",
    "   * @example",
    "   * ```ts",
    "   * if (true) {",
    "   *   run();",
    "   * }",
    "   * ```",
    "   */",
    '  run() { return "```ts"; }',
    "}",
  ];
  const blocks = blocksOf("pool.ts", source.join("\n"));
  assert.deepEqual(
    blocks.map(({ line, code }) => ({ line, code })),
    [{ line: 7, code: "if (true) {\n  run();\n}" }],
  );
});

test("a code block that is not closed is an error", () => {
  assert.throws(() => blocksOf("guide.md", "```ts\nrun();\n"), /this code block is not closed/);
});

test("printed text is compared exactly, but for the placeholders", () => {
  assertOutput("took 1,204.5 ms at 12:30:01\nend\n", "took <number> ms at <time>\nend");
  assertOutput("a (b) [c]", "a (b) [c]");
  assertOutput("at Object.<anonymous> (/some/file.js:1:2)", "at …file.js:1:2)");
  assert.throws(() => assertOutput("a\nb", "a"), assert.AssertionError);
  assert.throws(() => assertOutput("abc", "a.c"), assert.AssertionError);
  assert.throws(() => assertOutput("took ages", "took <number>"), assert.AssertionError);
});
