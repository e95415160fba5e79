/** Functions of every kind, with captures of every kind, under everything that loads programs. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";
import { runProgram } from "../../programs/run-program.js";
import { matrixProgram } from "./matrix-program.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const fixtures = join(root, "test/fixtures/apps/ship-matrix");
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A folder where packages are found as in a program that depends on this one. */
function projectFolder(type: "module" | "commonjs"): string {
  const folder = mkdtempSync(join(tmpdir(), "ship-matrix-"));
  folders.push(folder);
  cpSync(fixtures, folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type }));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "manyhands"));
  for (const name of ["acorn", "tsx"]) symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  return folder;
}

/** Runs the program, and asks that all cells work but those that `refused` names. */
async function check(folder: string, args: readonly string[], refused: readonly (readonly [RegExp, RegExp])[] = []): Promise<void> {
  const file = join(folder, "cells.json");
  const env = { NODE_NO_WARNINGS: "1", CELLS: file };
  // Were the variable set, Node would take the program for a file of this very test.
  const command = ["-u", "NODE_TEST_CONTEXT", process.execPath, ...args];
  const { exitCode, stdout, stderr } = await runProgram("env", command, { cwd: folder, env });
  assert.equal(exitCode, 0, stdout + stderr);
  const cells = Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, string>);
  assert.ok(cells.length > 250, `${cells.length} cells`);
  const surprises = cells.filter(([name, outcome]) => {
    const expected = refused.find(([pattern]) => pattern.test(name));
    return expected === undefined ? outcome !== "works" : !(outcome.startsWith("refused: ") && expected[1].test(outcome));
  });
  assert.deepEqual(Object.fromEntries(surprises), {});
}

function write(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const esm = { format: "esm", isTyped: false, library: "manyhands" } as const;
const cjs = { format: "cjs", isTyped: false, library: "manyhands" } as const;

test("ES modules", async () => {
  const folder = projectFolder("module");
  await check(folder, [write(folder, "program.mjs", matrixProgram(esm))]);
});

test("ES modules, with threads", async () => {
  const folder = projectFolder("module");
  await check(folder, [write(folder, "program.mjs", matrixProgram({ ...esm, library: "manyhands/threads" }))]);
});

test("CommonJS", async () => {
  const folder = projectFolder("commonjs");
  await check(folder, [write(folder, "program.cjs", matrixProgram(cjs))]);
});

test("tsx, ES modules", async () => {
  const folder = projectFolder("module");
  await check(folder, ["--import", "tsx", write(folder, "program.ts", matrixProgram({ ...esm, isTyped: true }))]);
});

test("tsx, CommonJS", async () => {
  const folder = projectFolder("commonjs");
  await check(folder, ["--import", "tsx", write(folder, "program.ts", matrixProgram({ ...cjs, isTyped: true }))]);
});

const stripsTypes = process.allowedNodeEnvironmentFlags.has("--experimental-strip-types");
test("type stripping", { skip: stripsTypes ? false : "this Node has no type stripping" }, async () => {
  const folder = projectFolder("module");
  const file = write(folder, "program.ts", matrixProgram({ ...esm, isTyped: true }));
  await check(folder, ["--experimental-strip-types", file]);
});

test("node --test", async () => {
  const folder = projectFolder("module");
  await check(folder, ["--test", write(folder, "program.test.mjs", matrixProgram(esm))]);
});

test("inside a worker thread", async () => {
  const folder = projectFolder("module");
  write(folder, "program.mjs", matrixProgram(esm));
  const starter = `import { Worker } from "node:worker_threads";\nnew Worker(new URL("./program.mjs", import.meta.url));\n`;
  await check(folder, [write(folder, "starter.mjs", starter)]);
});

test("an inspector that waits for a debugger", async () => {
  const folder = projectFolder("module");
  const refused = [[/^arrow with this/, /this around it, which cannot be read where a debugger may attach\. .*const self = this/]] as const;
  await check(folder, ["--inspect=0", write(folder, "program.mjs", matrixProgram(esm))], refused);
});

const bundles: readonly (readonly [string, "esm" | "cjs", BuildOptions])[] = [
  ["an ES module", "esm", {}],
  ["CommonJS", "cjs", {}],
  ["an ES module, minified", "esm", { minify: true }],
  ["CommonJS, minified", "cjs", { minify: true }],
];

for (const [name, format, options] of bundles) {
  test(`a bundle with the library inside: ${name}`, async () => {
    const folder = projectFolder(format === "esm" ? "module" : "commonjs");
    const source = write(folder, format === "esm" ? "program.mjs" : "program.cjs", matrixProgram(format === "esm" ? esm : cjs));
    const apart = mkdtempSync(join(tmpdir(), "ship-bundle-"));
    folders.push(apart);
    const outfile = join(apart, format === "esm" ? "bundle.mjs" : "bundle.cjs");
    await build({
      ...{ entryPoints: [source], outfile, bundle: true, platform: "node", format, external: ["koffi"], logLevel: "error", ...options },
      logOverride: { "empty-import-meta": "silent" },
    });
    await check(apart, [outfile]);
  });
}
