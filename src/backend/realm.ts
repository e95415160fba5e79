/**
 * What this isolate is within the program: who it is, who started it, and what it has started. One record an isolate,
 * even when two copies of the library are loaded in it.
 */
import { BootstrapError } from "../errors.js";
import type { Identity } from "../wire/messages.js";

/** Something started here that must be looked after when this isolate ends. */
export interface Child {
  readonly daemon: boolean;
  /** Asks it to end, without waiting. */
  stop(): void;
}

export interface Realm {
  identity: Identity | undefined;
  /** How many processes have been created here; numbers their default names. */
  createdCount: number;
  /** How many module imports for messages are under way: while there are, nothing may be started. */
  importCount: number;
  readonly children: Set<Child>;
  hasExitHook: boolean;
}

const key = Symbol.for("manyhands.realm");

export function realm(): Realm {
  const holder = globalThis as { [key]?: Realm };
  return (holder[key] ??= { identity: undefined, createdCount: 0, importCount: 0, children: new Set(), hasExitHook: false });
}

/** Whether this isolate is a worker. */
export function isWorker(): boolean {
  return realm().identity !== undefined;
}

/** Looks after `child` until `forgetChild`: daemons are stopped when this isolate ends. */
export function rememberChild(child: Child): void {
  const own = realm();
  own.children.add(child);
  if (own.hasExitHook) return;
  own.hasExitHook = true;
  process.on("exit", stopDaemons);
}

export function forgetChild(child: Child): void {
  realm().children.delete(child);
}

/** Runs an import for a message; whatever is started meanwhile is started by the imported module's top level. */
export async function whileImporting<T>(load: () => Promise<T>): Promise<T> {
  realm().importCount += 1;
  try {
    return await load();
  } finally {
    realm().importCount -= 1;
  }
}

/** @throws BootstrapError while a worker imports a module: what that module starts would start it again, without end. */
export function refuseWhileImporting(what: string): void {
  if (!isWorker() || realm().importCount === 0) return;
  throw new BootstrapError(
    `Cannot start a ${what} while a worker imports a module: the module starts it at its top level, so each worker would start ` +
      `one of its own, without end. Start it inside a function that the program calls, or guard it with "if (isMain(import.meta))".`,
  );
}

function stopDaemons(): void {
  for (const child of realm().children) if (child.daemon) child.stop();
}
