/**
 * Runs the compiled tests on the supported Node versions but the one at hand, which `npm test` has covered.
 *
 *     npm run check && node --import tsx scripts/matrix.ts [options] [part of a path …]
 *
 *     --whole     runs every file on every version, which takes half an hour
 *
 * Otherwise each version runs what depends on Node most, and the versions share the rest among them, so that every file runs on
 * another version than the first. The binaries come from the npm registry and stay in `.cache/`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { selectFiles } from "./testing/select-files.js";

const versions = ["20.20.2", "22.23.3", "24.9.0", "26.9.0"];

/** What does not depend on the version: the tools, types and texts; and what takes long: thousands of kills, a gigabyte. */
const leftOut = ["!tooling/", "!types/", "!docs/", "!package/", "!fault/", "!stress/"];

/** How functions and modules are read, how workers start, what a stream or a thread does: each version has its own ways. */
const dependsOnNode = [
  ...["unit/", "conformance/ship/", "conformance/worker/", "conformance/channel/", "conformance/waitable/"],
  ...["process/programs", "process/bundles", "process/output", "pool/programs", "pool/map"],
];

/** Long series at random, which look for what is wrong with the library, not with a version: a quarter of the usual length. */
const shorter = { ROUNDS: "4" };

const { values: options, positionals: patterns } = parseArgs({
  allowPositionals: true,
  options: { whole: { type: "boolean", default: false } },
});
const others = versions.filter((version) => majorOf(version) !== majorOf(process.versions.node));
const files = options.whole ? selectFiles(patterns) : selectFiles([...leftOut, ...patterns]);
const isForAll = (file: string): boolean => options.whole || patterns.length > 0 || dependsOnNode.some((part) => file.includes(part));
const dealt = files.filter((file) => !isForAll(file));
for (const [turn, version] of others.entries()) {
  const node = install(version);
  const chosen = [...files.filter(isForAll), ...dealt.filter((_, index) => index % others.length === turn)];
  console.log(`\nNode ${version}`);
  const { status } = spawnSync(process.execPath, ["--import", "tsx", "scripts/test.ts", "--node", node, ...chosen], {
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
