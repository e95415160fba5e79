/** A machine that has no koffi: processes and threads run as ever, threads share memory, and processes are refused it by name. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isTaskAlive } from "#lib/platform/liveness.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

interface Found {
  readonly processes: readonly number[];
  readonly threads: readonly number[];
  readonly hits: number;
  readonly isMadeThereSharedHere: boolean;
  readonly refusals: Readonly<Record<string, string>>;
  readonly afterwards: number;
  readonly grandchild: number;
}

function runWithoutKoffi(folder: string): Found {
  cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: Record<string, string> };
  mkdirSync(join(folder, "node_modules"));
  for (const name of Object.keys(dependencies).filter((other) => other !== "koffi")) {
    symlinkSync(realpathSync(join(root, "node_modules", name)), join(folder, "node_modules", name), "dir");
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", imports: { "#lib/*": "./dist/*" } }));
  cpSync(join(root, "test/fixtures/apps/without-koffi/program.mjs"), join(folder, "program.mjs"));
  const { NODE_TEST_CONTEXT: _runner, MANYHANDS_SESSION: _session, NODE_PATH: _path, ...env } = process.env;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["program.mjs"], { cwd: folder, env, encoding: "utf8", timeout: 120_000 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Found;
}

test("without koffi pools run, threads share memory, and processes are refused it at the call", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "without-koffi-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const found = runWithoutKoffi(folder);
  assert.deepEqual(found.processes, [2, 4, 6]);
  assert.deepEqual(found.threads, [2, 4, 6]);
  assert.equal(found.hits, 1500);
  assert.equal(found.isMadeThereSharedHere, true);
  for (const [what, said] of Object.entries(found.refusals)) assert.match(said, /^ERR_UNSUPPORTED: .*"koffi"/, what);
  assert.equal(found.afterwards, 2);
  const deadline = Date.now() + 60_000;
  while (isTaskAlive({ id: found.grandchild, startTime: 0 })) {
    assert.ok(Date.now() < deadline, "a process outlives its killed parent");
    await new Promise((resolve) => setImmediate(resolve));
  }
});
