/** Runs in workers: brings the function in, once for each worker, and says in words why it cannot. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { constants, runInThisContext } from "node:vm";
import { describeError } from "../engine/describe-error.js";
import { findExport, whyNotFound } from "./find-export.js";
import type { LoadReport, TargetReference } from "./target-reference.js";

/** A user's function, ready to be called with one input. */
export type MappedFunction = (input: unknown) => unknown;

/** Loads the target and reports how that went. */
export async function checkTarget(target: TargetReference): Promise<LoadReport> {
  try {
    await loadTarget(target);
    return { isLoaded: true };
  } catch (error) {
    const message = error instanceof TargetError ? error.message : `Cannot load ${target.written}:\n${stackOf(error, target)}`;
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
  if (target.tsxFolder !== undefined) await registerTsx(target.tsxFolder);
  const namespace: unknown = await importFrom(target);
  const found = findExport(namespace, target.exportName);
  if (typeof found?.value !== "function")
    throw new TargetError(`Cannot map ${target.written}: ${whyNotFound(namespace, target.exportName)}`);
  const { value, owner } = found;
  return (input): unknown => Reflect.apply(value, owner, [input]);
}

/** From within the worker: in threads of Node 20, the flag that loads tsx has no effect. */
async function registerTsx(folder: string): Promise<void> {
  for (const api of ["tsx/cjs/api", "tsx/esm/api"]) {
    const namespace: unknown = await importAsIfIn(join(folder, "[manyhands]"))(api);
    const register = findExport(namespace, "register")?.value;
    if (typeof register !== "function") throw new TargetError(`Cannot load TypeScript: ${api} in ${folder} has no register()`);
    Reflect.apply(register, undefined, []);
  }
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

/** `import()` as a file at `base` would do it. */
function importAsIfIn(base: string): (module: string) => Promise<unknown> {
  const made: unknown = runInThisContext("(module) => import(module)", {
    filename: base,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (typeof made !== "function") throw new TypeError("Cannot import from another folder: the compiled importer is not a function");
  return async (module) => withoutWarnings<unknown>(() => Reflect.apply(made, undefined, [module]));
}

/** Node 20 warns that this way to import is experimental, which is no news to the user. */
function withoutWarnings<T>(run: () => T): T {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => {};
  try {
    return run();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Where in the module it went wrong is what its author wants to know. */
function stackOf(error: unknown, target: TargetReference): string {
  if (error instanceof SyntaxError && target.module.startsWith("file:")) return placeOfSyntaxError(target.module) ?? describeError(error);
  return error instanceof Error && error.stack !== undefined ? withoutOurFrames(error.stack) : describeError(error);
}

/** The user's own lines of a stack: not Node's loader, and not what called it. */
function withoutOurFrames(stack: string): string {
  const ours = new URL("../../", import.meta.url).href;
  return stack
    .split("\n")
    .filter((line) => !/^\s+at /.test(line) || !(line.includes("node:internal/") || line.includes(ours)))
    .join("\n");
}

/** The stack of a syntax error shows Node's own functions; only a program that ends by it says where it is. */
function placeOfSyntaxError(module: string): string | undefined {
  const { stderr } = spawnSync(process.execPath, ["--check", fileURLToPath(module)], { encoding: "utf8" });
  return /^[^]*?^\w*Error:.*$/m.exec(stderr)?.[0];
}

class TargetError extends Error {}
