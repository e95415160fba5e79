/** Runs in workers: brings the function in, once for each worker, and says in words why it cannot. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { constants, runInThisContext } from "node:vm";
import { describeError } from "../engine/describe-error.js";
import type { LoadReport, TargetReference } from "./target-reference.js";

/** A user's function, ready to be called with one input. */
export type MappedFunction = (input: unknown) => unknown;

/** Loads the target and reports how that went. */
export async function checkTarget(target: TargetReference): Promise<LoadReport> {
  try {
    await loadTarget(target);
    return { isLoaded: true };
  } catch (error) {
    const message = error instanceof TargetError ? error.message : `Cannot load ${target.written}:\n${stackOf(error)}`;
    return { isLoaded: false, message, code: codeOf(error) };
  }
}

/** The function itself. @throws TargetError, or whatever the module throws when it is imported. */
export function loadTarget(target: TargetReference): Promise<MappedFunction> {
  const key = `${target.module}\n${target.exportName}`;
  let loading = loaded.get(key);
  if (loading === undefined) {
    loading = load(target);
    loaded.set(key, loading);
  }
  return loading;
}

const loaded = new Map<string, Promise<MappedFunction>>();

async function load(target: TargetReference): Promise<MappedFunction> {
  sendOutputToStderr();
  const namespace: unknown = await importFrom(target);
  const found = findExport(namespace, target.exportName);
  if (typeof found?.value === "function") {
    const { value, owner } = found;
    return (input): unknown => Reflect.apply(value, owner, [input]);
  }
  throw new TargetError(whatIsWrong(target, found, namespace));
}

/** Standard output belongs to the results: what the user's function prints would break the lines of whoever reads them. */
function sendOutputToStderr(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr);
}

async function importFrom({ module, folder, written }: TargetReference): Promise<unknown> {
  if (/^(?:file|node|data):/.test(module)) return import(module);
  const base = join(folder, "[manyhands]");
  let path: string;
  try {
    path = createRequire(base).resolve(module);
  } catch (error) {
    // The package has no entry for `require`, by which it was to be found; it has one for `import`.
    if (codeOf(error) === "ERR_PACKAGE_PATH_NOT_EXPORTED") return importAsIfIn(base)(module);
    throw new TargetError(`Cannot map ${written}: ${module} is neither a file nor a package that can be found from ${folder}.`);
  }
  return import(pathToFileURL(path).href);
}

/** `import()` as a file at `base` would do it. Node 20 warns that the way to get it is experimental, which is no news to the user. */
function importAsIfIn(base: string): (module: string) => Promise<unknown> {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => {};
  try {
    const made: unknown = runInThisContext("(module) => import(module)", {
      filename: base,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    if (typeof made !== "function") throw new TypeError("Cannot import from another folder: the compiled importer is not a function");
    return async (module) => (await Reflect.apply(made, undefined, [module])) as unknown;
  } finally {
    process.emitWarning = emitWarning;
  }
}

interface Found {
  readonly value: unknown;
  readonly owner: unknown;
}

/** The export of that name; else, for CommonJS and objects, the member at the end of the path, looked for in the default export as well. */
function findExport(namespace: unknown, exportName: string): Found | undefined {
  const whole = member(namespace, exportName);
  if (whole !== undefined) return { value: unwrapDefault(whole, exportName), owner: undefined };
  const path = exportName.split(".");
  return follow(namespace, path) ?? follow(member(namespace, "default"), path);
}

/** A CommonJS module compiled from `export default f` arrives as `{ default: { default: f } }`. */
function unwrapDefault(value: unknown, exportName: string): unknown {
  if (exportName !== "default" || typeof value === "function") return value;
  return member(value, "default") ?? value;
}

function follow(start: unknown, path: readonly string[]): Found | undefined {
  let value = start;
  let owner: unknown;
  for (const name of path) {
    owner = value;
    value = member(value, name);
    if (value === undefined) return undefined;
  }
  return { value, owner };
}

function member(value: unknown, name: string): unknown {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  return Reflect.get(value, name);
}

function whatIsWrong(target: TargetReference, found: Found | undefined, namespace: unknown): string {
  const functions = functionExports(namespace);
  const choice = functions.length === 0 ? "It exports no function." : `Functions it exports: ${functions.join(", ")}.`;
  if (found !== undefined)
    return `Cannot map ${target.written}: the export ${target.exportName} is ${kindOf(found.value)}, not a function. ${choice}`;
  if (target.exportName !== "default") return `Cannot map ${target.written}: there is no export ${target.exportName}. ${choice}`;
  return `Cannot map ${target.written}: it has no default export; name one after a #. ${choice}`;
}

function functionExports(namespace: unknown): string[] {
  const names = new Set([...functionMembers(namespace), ...functionMembers(member(namespace, "default"))]);
  return [...names].filter((name) => name !== "module.exports").sort();
}

function functionMembers(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).filter((name) => typeof Reflect.get(value, name) === "function");
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  const kind = typeof value;
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Where in the module it went wrong is what its author wants to know. */
function stackOf(error: unknown): string {
  return error instanceof Error && error.stack !== undefined ? error.stack : describeError(error);
}

class TargetError extends Error {}
