import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build, type Format } from "esbuild";
import { runProgram } from "../../programs/run-program.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

const seen = (sum: number) => [true, true, false, true, sum];
const line = `${JSON.stringify([[seen(11), seen(21)], 30, true, 5, 42])}\n`;

/** Bundles the program with the library inside it, far from any package but the native one, and runs it there. */
async function runBundle(format: Format): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), "bundle-"));
  try {
    await mkdir(join(folder, "node_modules"));
    await symlink(join(root, "node_modules/koffi"), join(folder, "node_modules/koffi"));
    const outfile = join(folder, format === "esm" ? "program.mjs" : "program.cjs");
    const entry = join(root, "test/fixtures/apps/bundled.mjs");
    await build({
      entryPoints: [entry],
      outfile,
      format,
      bundle: true,
      minify: true,
      platform: "node",
      target: "node20",
      external: ["koffi"],
    });
    return await runProgram(process.execPath, [outfile], { cwd: folder, env: { NODE_TEST_CONTEXT: "", NODE_NO_WARNINGS: "1" } });
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const format of ["esm", "cjs"] as const) {
  test(`the library works from inside a bundle (${format}): its classes in tasks, pools in pools, subclasses of Process`, async () => {
    assert.deepEqual(await runBundle(format), { exitCode: 0, stdout: line + line, stderr: "" });
  });
}
