/**
 * `npm run demo [-- FOLDER]`: SHA-256, line count and compressed size of every file below `node_modules`, or another folder;
 * first in this process alone, then on all cores through the engine of the command line. The same work on the same files,
 * both times from the page cache; then the two are compared.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cpuCount, Pool } from "manyhands";
import { mapInputs } from "#lib/cli/engine/map-inputs.js";
import { FilesSource } from "#lib/cli/input/files-source.js";
import { Progress } from "#lib/cli/progress/progress.js";
import { locateTarget } from "#lib/cli/target/locate-target.js";
import { prepareWorkers } from "#lib/cli/target/prepare-workers.js";
import { measureFile, type FileFacts } from "./measure-file.js";
import { showProgress } from "./show-progress.js";
import { report, type Pass } from "./report.js";

async function main(folder: string): Promise<void> {
  process.chdir(fileURLToPath(new URL("../../", import.meta.url)));
  const names = filesBelow(folder);
  if (names.length === 0) throw new Error(`There is no file below ${folder}`);
  // Once for the page cache, so that neither pass pays for the disk.
  for (const name of names) readFileSync(name);

  const alone = await measureAlone(names);
  const together = await measureTogether(names, cpuCount());
  assertSameFacts(alone.facts, together.facts);
  process.stdout.write(report(alone, together));
}

/** A plain loop, with nothing of ours in it but the bar. */
async function measureAlone(names: readonly string[]): Promise<Pass> {
  const progress = new Progress(performance.now());
  const display = showProgress("one process", progress, names.length);
  const started = performance.now();
  const facts: FileFacts[] = [];
  for (const name of names) {
    facts.push(measureFile(name));
    progress.add({ inputs: 1, failures: 0 });
    if (facts.length % filesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const elapsed = performance.now() - started;
  display.stop();
  return { workers: 1, elapsed, facts };
}

async function measureTogether(names: readonly string[], workers: number): Promise<Pass> {
  const located = locateTarget(join(import.meta.dirname, "measure-file.js#measureFile"), process.cwd());
  const source = await FilesSource.find(names);
  const { pool, target } = await prepareWorkers(located, () => new Pool(workers));
  const progress = new Progress(performance.now());
  const display = showProgress(`${workers} workers`, progress, names.length);
  const started = performance.now();
  const facts: FileFacts[] = [];
  const options = { target, jobs: workers, chunkSize: undefined, timeout: undefined, isOrdered: true } as const;
  for await (const block of mapInputs(pool, source, { ...options, format: { input: "text", output: "json" } })) {
    for (const failure of block.failures) throw new Error(`${failure.name}: ${failure.error}`);
    for (const line of block.text.trimEnd().split("\n")) facts.push(JSON.parse(line) as FileFacts);
    progress.add({ inputs: block.inputs, failures: 0 });
  }
  const elapsed = performance.now() - started;
  display.stop();
  pool.close();
  await pool.join();
  return { workers, elapsed, facts };
}

function assertSameFacts(alone: readonly FileFacts[], together: readonly FileFacts[]): void {
  if (alone.length !== together.length) throw new Error(`One pass measured ${alone.length} files, the other ${together.length}`);
  const differing = alone.find((facts, index) => fingerprint(facts) !== fingerprint(together[index]));
  if (differing !== undefined) throw new Error(`The two passes differ at ${differing.path}`);
}

function fingerprint(facts: FileFacts | undefined): string {
  return `${facts?.path} ${facts?.sha256} ${facts?.lines} ${facts?.compressedBytes}`;
}

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Files between two turns of the event loop, in which the bar is drawn. */
const filesPerTurn = 16;

await main(process.argv[2] ?? "node_modules");
