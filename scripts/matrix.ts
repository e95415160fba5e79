/**
 * Runs the compiled tests on every supported Node version but the one at hand, which `npm test` has covered.
 *
 *     npm run check && node --import tsx scripts/matrix.ts [part of a path …]
 *
 * The binaries come from the npm registry and stay in `.cache/`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const versions = ["20.20.2", "22.23.3", "24.9.0", "26.9.0"];

/** What does not depend on the version: the tools; and what takes long: thousands of kills. */
const leftOut = ["!tooling/", "!fault/"];

/** Long series at random, which look for what is wrong with the library, not with a version: a quarter of the usual length. */
const shorter = { ITEMS: "5000", KILLS: "6" };

const patterns = process.argv.slice(2);
for (const version of versions.filter((candidate) => majorOf(candidate) !== majorOf(process.versions.node))) {
  const node = install(version);
  console.log(`\nNode ${version}`);
  const { status } = spawnSync(process.execPath, ["--import", "tsx", "scripts/test.ts", "--node", node, ...leftOut, ...patterns], {
    stdio: "inherit",
    env: { ...shorter, ...process.env },
  });
  if (status !== 0) process.exitCode = 1;
}

function install(version: string): string {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = resolve(".cache", "node", version);
  const node = join(folder, "node_modules", name, "bin", "node");
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), "{}\n");
    const args = ["install", "--prefix", folder, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", `${name}@${version}`];
    spawnSync("npm", args, { stdio: "inherit" });
  }
  const says = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout;
  if (says.trim() !== `v${version}`) throw new Error(`Cannot run Node ${version}: ${node} says ${says}`);
  return node;
}

function majorOf(version: string): string {
  return version.split(".")[0]!;
}
