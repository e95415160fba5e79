/** What `npm publish` would send, unpacked into another project and used from there. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { globSync } from "tinyglobby";
import { runProgram } from "../programs/run-program.js";

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const folder = mkdtempSync(join(tmpdir(), "package-"));
const project = join(folder, "project");
const tarball = join(folder, `manyhands-${manifest.version}.tgz`);
let packed: string[] = [];

before(async () => {
  const stdout = await succeed("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder]);
  const [report] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  packed = report.files.map((file) => file.path).sort();
  await installInto(project);
});

after(() => rmSync(folder, { recursive: true }));

test("the package holds what the sources compile to, and nothing else", () => {
  const sources = globSync("**/*.ts", { cwd: "src" });
  const compiled = sources.flatMap((path) => [`dist/${path.replace(/ts$/, "js")}`, `dist/${path.replace(/ts$/, "d.ts")}`]);
  const expected = ["LICENSE", "README.md", "package.json", "dist/bundle/manyhands.js", "dist/worker/runtime.cjs", ...compiled].sort();
  assert.deepEqual(packed, expected, "The package differs from the sources; if a source was removed, remove dist/ and build again");
});

test("the lockfile has a checksum for every package and says nothing about where to download it", () => {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, Record<string, unknown>> };
  const installed = Object.entries(packages).filter(([path]) => path !== "");
  assert.ok(installed.length > 0);
  for (const [path, entry] of installed) {
    assert.ok(typeof entry["integrity"] === "string", `${path} has no checksum`);
    assert.equal(entry["resolved"], undefined, `${path} has an address`);
  }
});

test("publint finds nothing to say", async () => {
  const stdout = await succeed(process.execPath, [resolve("node_modules/publint/src/cli.js"), "run", tarball, "--strict"]);
  assert.match(stdout, /All good/);
});

test("the types resolve under every module setting that can load the package", async () => {
  await succeed(process.execPath, [resolve("node_modules/@arethetypeswrong/cli/dist/index.js"), tarball, "--profile", "esm-only"]);
});

describe("an installed package", () => {
  const printNames = `console.log(typeof manyhands.Pool, typeof threads.Pool);`;

  test("is imported by an ES module", async () => {
    const code = `import * as manyhands from "manyhands"; import * as threads from "manyhands/threads"; ${printNames}`;
    assert.equal(await runInProject("program.mjs", code), "function function\n");
  });

  test("is required by a CommonJS module", async () => {
    const code = `const manyhands = require("manyhands"); const threads = require("manyhands/threads"); ${printNames}`;
    assert.equal(await runInProject("program.cjs", code), "function function\n");
  });

  test("is the same module whether imported or required", async () => {
    const code = `import("manyhands").then((imported) => console.log(imported.Pool === require("manyhands").Pool));`;
    assert.equal(await runInProject("same.cjs", code), "true\n");
  });

  test("runs a pool, and a worker finds its own half of the library", async () => {
    const code = `import { Pool } from "manyhands"; const n = 7; console.log(await new Pool(2).map((x) => x * n, [1, 2, 3]));`;
    assert.equal(await runInProject("pool.mjs", code), "[ 7, 14, 21 ]\n");
  });

  test("has a command line", async () => {
    const stdout = await succeed(process.execPath, [join(project, "node_modules/manyhands/dist/cli/main.js"), "--version"]);
    assert.match(stdout, new RegExp(`\\b${manifest.version.replaceAll(".", "\\.")}\\b`));
  });
});

/** As npm would, but with the dependencies that are here already, below the package where nothing else finds them. */
async function installInto(target: string): Promise<void> {
  const installed = join(target, "node_modules/manyhands");
  mkdirSync(installed, { recursive: true });
  await succeed("tar", ["-xzf", tarball, "--strip-components=1", "-C", installed]);
  mkdirSync(join(installed, "node_modules"));
  for (const name of Object.keys(manifest.dependencies)) symlinkSync(resolve("node_modules", name), join(installed, "node_modules", name));
}

async function runInProject(name: string, code: string): Promise<string> {
  writeFileSync(join(project, name), code);
  return await succeed(process.execPath, [join(project, name)]);
}

async function succeed(command: string, args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(command, args);
  assert.equal(exitCode, 0, `${stdout}\n${stderr}`);
  return stdout;
}
