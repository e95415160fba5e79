/**
 * The code in the documentation, as programs that can be run.
 *
 *     fence                  what is done with it
 *     ```ts, ```js           compiled, run; its `// → ` comments are the lines it must print
 *     ```ts no-run           compiled only
 *     ```js cjs              run as CommonJS
 *     ```ts file=name.ts     written to the folder where the console blocks run, and not run by itself
 *     ```text output         what the block before it prints
 *     ```console             each line after "$ " is run by a shell, the lines below it are what that prints
 *     ```sh                  every `npm run NAME` in it must exist
 */
import { readFileSync } from "node:fs";
import { parseSync } from "oxc-parser";

export interface CodeBlock {
  /** `README.md:12`: the line of the first line of code. */
  readonly place: string;
  readonly line: number;
  readonly language: string;
  /** The words after the language. */
  readonly flags: readonly string[];
  readonly code: string;
  /** What it must print; `undefined` when the documentation does not say. */
  readonly output: string | undefined;
}

const fence = /^```(\S*) *(.*)$/;

/** All blocks of a Markdown file, or of the `@example` sections of a TypeScript file. */
export function readCodeBlocks(path: string): CodeBlock[] {
  const text = readFileSync(path, "utf8");
  const lines = path.endsWith(".md") ? text.split("\n") : exampleLines(path, text);
  return withOutputs(splitBlocks(path, lines));
}

function splitBlocks(path: string, lines: readonly string[]): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  for (let index = 0; index < lines.length; index++) {
    const opening = fence.exec(lines[index]!);
    if (opening === null) continue;
    const start = index + 1;
    index = lines.indexOf("```", start);
    if (index === -1) throw new Error(`${path}:${start}: this code block is not closed`);
    const code = lines.slice(start, index).join("\n");
    const flags = opening[2]!.split(" ").filter((flag) => flag !== "");
    blocks.push({ place: `${path}:${start + 1}`, line: start + 1, language: opening[1]!, flags, code, output: commentedOutput(code) });
  }
  return blocks;
}

function commentedOutput(code: string): string | undefined {
  const lines = [...code.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1]);
  return lines.length === 0 ? undefined : lines.join("\n");
}

function withOutputs(blocks: readonly CodeBlock[]): CodeBlock[] {
  const isOutput = (block: CodeBlock | undefined): block is CodeBlock => block?.language === "text" && block.flags.includes("output");
  return blocks
    .map((block, index) => (isOutput(blocks[index + 1]) ? { ...block, output: blocks[index + 1]!.code } : block))
    .filter((block) => !isOutput(block));
}

/** The file with everything blanked out but the text of its doc comments from `@example` on, so that line numbers stay. */
function exampleLines(path: string, text: string): string[] {
  const lines = text.split("\n").map(() => "");
  for (const comment of parseSync(path, text).comments) {
    const start = comment.value.indexOf("@example");
    if (comment.type !== "Block" || !comment.value.startsWith("*") || start === -1) continue;
    const firstLine = text.slice(0, comment.start).split("\n").length - 1;
    const before = comment.value.slice(0, start).split("\n").length - 1;
    const body = comment.value.split("\n").slice(before);
    body.forEach((line, offset) => (lines[firstLine + before + offset] = line.replace(/^ *\* ?/, "")));
  }
  return lines;
}
