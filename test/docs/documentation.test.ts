/** The documentation is true: its programs compile, run and print what it says. See code-blocks.ts for the conventions. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, chmodSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { before, describe, test } from "node:test";
import { globSync } from "tinyglobby";
import * as publicNames from "manyhands";
import { readCodeBlocks, type CodeBlock } from "./code-blocks.js";
import { assertOutput } from "../programs/expected-output.js";
import { runProgram } from "../programs/run-program.js";

const folder = resolve("build/docs");
const compiled = join(folder, "compiled");
/** Where the console blocks run, as if in a project that has installed the package. */
const shellFolder = join(folder, "project");

const documents = globSync(["*.md", "docs/**/*.md", "src/**/*.ts"]).sort();
const blocks = documents.flatMap((path) => readCodeBlocks(path));
const programs = blocks.filter(({ language, flags }) => /^(ts|js)$/.test(language) && !flags.some((flag) => flag.startsWith("file=")));
let compilerSays = "";

before(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const block of programs) writeFileSync(join(folder, sourceName(block)), sourceOf(block));
  writeFileSync(join(folder, "tsconfig.json"), compilerSettings());
  writeShellFolder();
  const { stdout } = await runProgram(process.execPath, [resolve("node_modules/typescript/bin/tsc"), "-p", folder]);
  compilerSays = stdout;
});

test("the documentation has programs", () => {
  assert.ok(programs.length > 0);
});

describe("programs in the documentation", { concurrency: 2 }, () => {
  for (const block of programs) {
    const isRun = !block.flags.includes("no-run");
    test(`${block.place} compiles${isRun ? ", runs and prints what it says" : ""}`, async () => {
      const name = sourceName(block);
      assert.deepEqual(
        compilerSays.split("\n").filter((line) => line.includes(name)),
        [],
      );
      if (!isRun) return;
      const path = block.language === "ts" ? join(compiled, name.replace(/ts$/, "js")) : join(folder, name);
      const { exitCode, stdout, stderr } = await runProgram(process.execPath, [path], { cwd: folder });
      assert.equal(exitCode, 0, stderr);
      if (block.output !== undefined) assertOutput(stdout, block.output);
    });
  }
});

describe("commands in the documentation", () => {
  // npm makes it executable when it installs the package.
  before(() => chmodSync("dist/cli/main.js", 0o755));
  for (const block of blocks.filter(({ language }) => language === "console")) {
    test(`${block.place} prints what it says`, async () => {
      for (const { command, output } of commandsOf(block.code)) {
        const { stdout, stderr } = await runProgram("bash", ["-c", `${command} 2>&1`], { cwd: shellFolder });
        assert.equal(stderr, "");
        assertOutput(stdout, output);
      }
    });
  }
  const scripts = Object.keys((JSON.parse(readFileSync("package.json", "utf8")) as { scripts: object }).scripts);
  for (const block of blocks.filter(({ language }) => language === "sh")) {
    test(`${block.place} names scripts that exist`, () => {
      for (const [, name] of block.code.matchAll(/npm (?:run )?([a-z:]+)/g)) {
        assert.ok(["ci", "install", "exec", ...scripts].includes(name!), `there is no script "${name}"`);
      }
    });
  }
});

function sourceName(block: CodeBlock): string {
  const extension = block.language === "ts" ? "ts" : block.flags.includes("cjs") ? "cjs" : "mjs";
  return `${block.place.replace(/[^A-Za-z0-9]+/g, "-")}.${extension}`;
}

/** On the same lines as in the document, so that the compiler's and the program's errors point there. */
function sourceOf(block: CodeBlock): string {
  const prelude = block.language === "ts" && !/from "manyhands/.test(block.code) ? preludeFor(block.code) : "";
  return `${prelude}${"\n".repeat(block.line - 1)}${block.code}\n`;
}

/** Examples in doc comments may leave out the obvious imports. */
function preludeFor(code: string): string {
  const isUsed = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(code);
  const isDeclared = (name: string): boolean => new RegExp(`\\b(const|let|class|function)\\b[^=;(]*\\b${name}\\b`).test(code);
  const names = Object.keys(publicNames).filter((name) => isUsed(name) && !isDeclared(name));
  const assertImport = /\bassert\b/.test(code) && !/import assert/.test(code) ? `import assert from "node:assert/strict"; ` : "";
  return `${assertImport}import { ${names.join(", ")} } from "manyhands";`;
}

function compilerSettings(): string {
  const compilerOptions = { rootDir: ".", outDir: "compiled", declaration: false, noUnusedLocals: false, noUnusedParameters: false };
  return JSON.stringify({ extends: "../../tsconfig.json", compilerOptions, include: ["*.ts"] });
}

function writeShellFolder(): void {
  const modules = join(shellFolder, "node_modules");
  mkdirSync(join(modules, ".bin"), { recursive: true });
  writeFileSync(join(shellFolder, "package.json"), `{ "private": true, "type": "module" }`);
  symlinkSync(resolve("."), join(modules, "manyhands"));
  symlinkSync(resolve("dist/cli/main.js"), join(modules, ".bin/manyhands"));
  for (const block of blocks) {
    const file = block.flags.find((flag) => flag.startsWith("file="))?.slice("file=".length);
    if (file === undefined) continue;
    mkdirSync(dirname(join(shellFolder, file)), { recursive: true });
    writeFileSync(join(shellFolder, file), `${block.code}\n`);
  }
}

function commandsOf(code: string): { command: string; output: string }[] {
  return code
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command, ...output] = part.trimEnd().split("\n");
      return { command: command!, output: output.join("\n") };
    });
}
