/** Functions of every kind, with captures of every kind, under everything that loads programs. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";
import { runProgram } from "../../programs/run-program.js";
import { matrixProgram } from "./matrix-program.js";
import { emptyFolder, projectFolder } from "./project-folder.js";

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

/** Not every Node that the tests run on can run vitest: so it is no dependency. The folder where it is. */
async function installVitest(): Promise<string> {
  const cache = fileURLToPath(new URL("../../../../.cache", import.meta.url));
  const folder = join(cache, "vitest");
  if (!existsSync(folder)) {
    // Elsewhere first: what is there at the end is whole, however this ends.
    mkdirSync(cache, { recursive: true });
    const unfinished = mkdtempSync(join(cache, "vitest-"));
    try {
      writeFileSync(join(unfinished, "package.json"), "{}\n");
      const args = ["install", "--prefix", unfinished, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "vitest@5.1.1"];
      const { exitCode, stdout, stderr } = await runProgram("npm", args);
      assert.equal(exitCode, 0, stdout + stderr);
      renameSync(unfinished, folder);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  return join(folder, "node_modules", "vitest");
}

const esm = { format: "esm", isTyped: false, library: "manyhands" } as const;
const cjs = { format: "cjs", isTyped: false, library: "manyhands" } as const;

test("ES modules", async () => {
  const folder = projectFolder("ship-matrix", "module");
  await check(folder, [write(folder, "program.mjs", matrixProgram(esm))]);
});

test("ES modules, with threads", async () => {
  const folder = projectFolder("ship-matrix", "module");
  await check(folder, [write(folder, "program.mjs", matrixProgram({ ...esm, library: "manyhands/threads" }))]);
});

test("CommonJS", async () => {
  const folder = projectFolder("ship-matrix", "commonjs");
  await check(folder, [write(folder, "program.cjs", matrixProgram(cjs))]);
});

test("tsx, ES modules", async () => {
  const folder = projectFolder("ship-matrix", "module");
  await check(folder, ["--import", "tsx", write(folder, "program.ts", matrixProgram({ ...esm, isTyped: true }))]);
});

test("tsx, CommonJS", async () => {
  const folder = projectFolder("ship-matrix", "commonjs");
  await check(folder, ["--import", "tsx", write(folder, "program.ts", matrixProgram({ ...cjs, isTyped: true }))]);
});

const stripsTypes = process.allowedNodeEnvironmentFlags.has("--experimental-strip-types");
test("type stripping", { skip: stripsTypes ? false : "this Node has no type stripping" }, async () => {
  const folder = projectFolder("ship-matrix", "module");
  const file = write(folder, "program.ts", matrixProgram({ ...esm, isTyped: true }));
  await check(folder, ["--experimental-strip-types", file]);
});

test("node --test", async () => {
  const folder = projectFolder("ship-matrix", "module");
  await check(folder, ["--test", write(folder, "program.test.mjs", matrixProgram(esm))]);
});

const hasVitest = Number(process.versions.node.split(".")[0]) >= 22;
test("vitest", { skip: hasVitest ? false : "vitest needs Node 22" }, async () => {
  const vitest = await installVitest();
  const folder = projectFolder("ship-matrix", "module");
  symlinkSync(vitest, join(folder, "node_modules", "vitest"));
  write(folder, "program.test.ts", matrixProgram({ ...esm, isTyped: true, isTest: true }));
  const refused = [[/a dynamic import$/, /its import\(\) became a function of Vite, .*Import the module at the top/]] as const;
  await check(folder, [join(vitest, "vitest.mjs"), "run", "--root", folder], refused);
});

test("inside a worker thread", async () => {
  const folder = projectFolder("ship-matrix", "module");
  write(folder, "program.mjs", matrixProgram(esm));
  const starter = `import { Worker } from "node:worker_threads";\nnew Worker(new URL("./program.mjs", import.meta.url));\n`;
  await check(folder, [write(folder, "starter.mjs", starter)]);
});

test("an inspector that waits for a debugger", async () => {
  const folder = projectFolder("ship-matrix", "module");
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
    const folder = projectFolder("ship-matrix", format === "esm" ? "module" : "commonjs");
    const source = write(folder, format === "esm" ? "program.mjs" : "program.cjs", matrixProgram(format === "esm" ? esm : cjs));
    const apart = emptyFolder();
    const outfile = join(apart, format === "esm" ? "bundle.mjs" : "bundle.cjs");
    await build({
      ...{ entryPoints: [source], outfile, bundle: true, platform: "node", format, external: ["koffi"], logLevel: "error", ...options },
      logOverride: { "empty-import-meta": "silent" },
    });
    await check(apart, [outfile]);
  });
}
