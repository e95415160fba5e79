import { existsSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UsageError } from "../arguments.js";
import type { TargetReference } from "./target-reference.js";

/**
 * Works out which module `MODULE[#EXPORT]` means, without loading it: the user's module runs in workers alone. A file of
 * that name comes before a package, a package before nothing.
 *
 * @throws UsageError when the name is that of a file which does not exist, or of a folder.
 */
export function locateTarget(written: string, folder: string): TargetReference {
  const { name, exportName } = splitAtExport(written, folder);
  return { module: moduleOf(name, folder), exportName, folder, tsxFolder: undefined, written };
}

/** A file may have a # in its name; the last one is the separator unless the whole is a file. */
function splitAtExport(written: string, folder: string): { name: string; exportName: string } {
  const hash = written.lastIndexOf("#");
  if (hash <= 0 || existsSync(resolve(folder, written))) return { name: written, exportName: "default" };
  return { name: written.slice(0, hash), exportName: written.slice(hash + 1) || "default" };
}

function moduleOf(name: string, folder: string): string {
  if (name.startsWith("file:")) return pathToFileURL(checkedFile(fileURLToPath(name), name)).href;
  if (/^(?:node|data):/.test(name)) return checkedBuiltin(name);
  const path = resolve(folder, name);
  if (isFile(path)) return pathToFileURL(path).href;
  if (/^(?:\.{0,2}\/|\.{1,2}$|[A-Za-z]:[\\/])|\.[cm]?[jt]sx?$/.test(name)) return pathToFileURL(checkedFile(path, name)).href;
  return isBuiltin(name) ? `node:${name}` : name;
}

function checkedFile(path: string, name: string): string {
  if (isFile(path)) return path;
  const problem = existsSync(path) ? "it is a folder" : "there is no such file";
  throw new UsageError(`Cannot map ${name}: ${problem}.`);
}

function checkedBuiltin(name: string): string {
  if (name.startsWith("node:") && !isBuiltin(name)) throw new UsageError(`Cannot map ${name}: Node has no such module.`);
  return name;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
