/**
 * Starts the pool and has a worker load the target, so that what is wrong with the module is said once, before any input
 * is read. When Node alone cannot load it because it is TypeScript, tsx is tried, if the user's project has it.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeError } from "../engine/describe-error.js";
import { checkTarget } from "./load-target.js";
import type { LoadFailure, LoadReport, TargetReference } from "./target-reference.js";

/** What is needed of a pool here. */
export interface LoadingPool {
  apply(check: (target: TargetReference) => Promise<LoadReport>, args: readonly [TargetReference]): PromiseLike<LoadReport>;
  terminate(): unknown;
}

/** The target cannot be mapped; the message says why. */
export class LoadError extends Error {}

export interface PreparedWorkers<P> {
  readonly pool: P;
  /** As they load it. */
  readonly target: TargetReference;
}

/**
 * A pool whose workers can load the target. A worker that has failed to load a module remembers that, so the second
 * attempt has a pool of its own.
 *
 * @throws LoadError
 */
export async function prepareWorkers<P extends LoadingPool>(target: TargetReference, openPool: () => P): Promise<PreparedWorkers<P>> {
  const first = await tryToLoad(target, openPool());
  if (!isFailure(first)) return { pool: first, target };
  if (!needsTranslation(first, target)) throw new LoadError(first.message);
  const tsxFolder = findTsx(target);
  if (tsxFolder === undefined) throw new LoadError(howToRunTypeScript(first, target));
  const translated = { ...target, tsxFolder };
  const second = await tryToLoad(translated, openPool());
  if (isFailure(second)) throw new LoadError(second.message);
  return { pool: second, target: translated };
}

async function tryToLoad<P extends LoadingPool>(target: TargetReference, pool: P): Promise<P | LoadFailure> {
  let report: LoadReport;
  try {
    report = await pool.apply(checkTarget, [target]);
  } catch (error) {
    report = { isLoaded: false, message: `Cannot load ${target.written}: ${describeError(error)}`, code: undefined };
  }
  if (report.isLoaded) return pool;
  await pool.terminate();
  return report;
}

function isFailure(outcome: LoadingPool | LoadFailure): outcome is LoadFailure {
  return "isLoaded" in outcome;
}

function needsTranslation(failure: LoadFailure, target: TargetReference): boolean {
  return failure.code !== undefined && untranslated.has(failure.code) && /\.[cm]?tsx?\b/.test(`${target.module} ${failure.message}`);
}

/** Node does not know the extension; or strips types, but this file has more than types, or lies where it strips none. */
const untranslated = new Set([
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
]);

/** The project of the module is asked first, then the folder the user is in. */
function findTsx(target: TargetReference): string | undefined {
  const folders = target.module.startsWith("file:") ? [dirname(fileURLToPath(target.module)), target.folder] : [target.folder];
  for (const folder of folders) {
    try {
      createRequire(join(folder, "[manyhands]")).resolve("tsx/esm/api");
      return folder;
    } catch {
      // Not there: the next folder may have it.
    }
  }
  return undefined;
}

function howToRunTypeScript(failure: LoadFailure, target: TargetReference): string {
  if (failure.code !== "ERR_UNKNOWN_FILE_EXTENSION") return `${failure.message} (tsx can run it: npm install --save-dev tsx)`;
  const remedy = "install tsx in your project (npm install --save-dev tsx) and it is used, or run Node 22.18 or later";
  return `Cannot load ${target.written}: Node ${process.versions.node} cannot run TypeScript by itself; ${remedy}.`;
}
