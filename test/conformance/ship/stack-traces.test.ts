/** Where stack traces of workers point when the program's code was generated. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { runProgram } from "../../programs/run-program.js";
import { projectFolder } from "./project-folder.js";

async function check(folder: string, args: readonly string[]): Promise<void> {
  const env = { NODE_TEST_CONTEXT: "", NODE_NO_WARNINGS: "1" };
  const { exitCode, stdout, stderr } = await runProgram(process.execPath, args.slice(), { cwd: folder, env });
  assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: "" });
  const places = [...stdout.matchAll(/program\.ts:\d+:\d+/g)].map(([place]) => place);
  assert.deepEqual(places.slice(0, 3), ["program.ts:14:26", "program.ts:20:41", "program.ts:20:17"], stdout);
  assert.match(stdout, /in worker /);
}

for (const type of ["module", "commonjs"] as const) {
  test(`tsx, ${type}`, async () => {
    const folder = projectFolder("ship-stacks", type);
    await check(folder, ["--import", "tsx", join(folder, "program.ts")]);
  });

  test(`a minified bundle with a source map, ${type}`, async () => {
    const folder = projectFolder("ship-stacks", type);
    const [format, outfile] = type === "module" ? (["esm", "bundle.mjs"] as const) : (["cjs", "bundle.cjs"] as const);
    const entryPoints = [join(folder, "program.ts")];
    await build({
      ...{ entryPoints, outfile: join(folder, outfile), format, sourcemap: true, minify: true },
      bundle: true,
      packages: "external",
      platform: "node",
    });
    await check(folder, ["--enable-source-maps", join(folder, outfile)]);
  });
}
