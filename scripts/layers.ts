/**
 * Checks the architecture: imports in `src/` point downwards only, without cycles, types included.
 *
 *     node --import tsx scripts/layers.ts [folder]      exits 1 and prints one line a fault
 *
 * A unit is what stands directly in `src/`: a folder, or a file. A unit may import units of lower layers, and its
 * neighbours in the same layer as long as the units form no cycle.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { findCycles } from "./layers/cycles.js";
import { readSource, type ImportSite, type SourceFile } from "./layers/read-source.js";

/** From the top down. */
const layers: readonly (readonly string[])[] = [
  ["cli"],
  ["index", "threads"],
  ["context"],
  ["pool", "process", "manager"],
  ["worker", "backend"],
  ["queue", "pipe", "sync", "shared"],
  ["channel", "ship"],
  ["wire", "memory"],
  ["platform", "errors"],
];

/** The worker's half is started by its URL, so nothing may import it. */
const importedByNobody = "worker";
/** The only file whose dynamic imports may point upwards: they load what arrives in a message, and only then. */
const doorFile = join("ship", "shared-kinds.ts");
/** The only unit that calls native code and asks which platform it runs on. */
const nativeUnit = "platform";

const root = resolve(process.argv[2] ?? "src");
const files = listTypeScript(root).map((path) => withoutDoors(readSource(path, readFileSync(path, "utf8"))));
report([...files.flatMap(faultsOfFile), ...cyclesOf(files)]);

function report(faults: readonly string[]): void {
  for (const fault of faults) console.log(fault);
  const importCount = files.reduce((sum, file) => sum + file.imports.length, 0);
  console.log(`${files.length} files, ${importCount} imports, ${faults.length} faults`);
  if (files.length === 0) console.log(`No TypeScript below ${root}: nothing was checked`);
  process.exitCode = faults.length > 0 || files.length === 0 ? 1 : 0;
}

function listTypeScript(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function withoutDoors(file: SourceFile): SourceFile {
  if (relative(root, file.path) !== doorFile) return file;
  return { ...file, imports: file.imports.filter((site) => !site.isDynamic || !existsSync(targetOf(file, site))) };
}

function faultsOfFile(file: SourceFile): string[] {
  const unit = unitOf(file.path);
  const here = (line: number): string => `src/${relative(root, file.path)}:${line}`;
  const faults: string[] = [];
  if (layerOf(unit) === -1) faults.push(`${here(1)}: "${unit}" is in no layer; give it one in scripts/layers.ts`);
  for (const site of file.imports) {
    const fault = faultOfImport(file, site);
    if (fault !== undefined) faults.push(`${here(site.line)}: ${fault}`);
  }
  if (unit === nativeUnit) return faults;
  for (const line of file.platformLines) {
    faults.push(`${here(line)}: asks for the platform; only src/${nativeUnit} may, so give it a question there`);
  }
  for (const line of file.nativeLines) faults.push(`${here(line)}: uses koffi; only src/${nativeUnit} may`);
  return faults;
}

function faultOfImport(file: SourceFile, site: ImportSite): string | undefined {
  if (!site.specifier.startsWith(".")) return undefined;
  const target = targetOf(file, site);
  if (!existsSync(target)) return `imports ${site.specifier}, which does not exist`;
  if (relative(root, target).startsWith("..")) return `imports ${site.specifier}, which is outside src/`;
  const from = unitOf(file.path);
  const to = unitOf(target);
  if (from === to) return undefined;
  if (to === importedByNobody) return `imports ${site.specifier}; src/${importedByNobody} is loaded by URL, never imported`;
  if (layerOf(to) === -1 || layerOf(to) >= layerOf(from)) return undefined;
  return `imports ${site.specifier}, upwards from ${from} to ${to}`;
}

function cyclesOf(all: readonly SourceFile[]): string[] {
  const byFile = new Map<string, Set<string>>();
  const byUnit = new Map<string, Set<string>>();
  for (const file of all) {
    for (const site of file.imports) {
      if (!site.specifier.startsWith(".")) continue;
      const target = targetOf(file, site);
      // A module may look at its own exports.
      if (resolve(target) === resolve(file.path)) continue;
      connect(byFile, relative(root, file.path), relative(root, target));
      if (unitOf(file.path) !== unitOf(target)) connect(byUnit, unitOf(file.path), unitOf(target));
    }
  }
  return [...findCycles(byFile), ...findCycles(byUnit)].map((cycle) => `cycle: ${cycle.join(" -> ")}`);
}

function connect(graph: Map<string, Set<string>>, from: string, to: string): void {
  const targets = graph.get(from) ?? new Set();
  graph.set(from, targets.add(to));
}

function targetOf(file: SourceFile, site: ImportSite): string {
  return resolve(dirname(file.path), site.specifier).replace(/\.js$/, ".ts");
}

function unitOf(path: string): string {
  return relative(root, path).split(sep)[0]!.replace(/\.ts$/, "");
}

function layerOf(unit: string): number {
  return layers.findIndex((layer) => layer.includes(unit));
}
