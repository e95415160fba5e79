/**
 * What this isolate is within the program: who it is, who started it, and what it has started. One record an isolate,
 * even when two copies of the library are loaded in it.
 */
import { isMainThread } from "node:worker_threads";
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
  /** Imports for the next task, or for the worker itself, that are under way: while there are, nothing may be started. */
  importCount: number;
  readonly children: Set<Child>;
  /** Settled when the host of this worker has gone. */
  readonly parentIsGone: Signal;
  hasExitHook: boolean;
}

/** Something that happens once. */
export interface Signal {
  readonly happened: Promise<void>;
  resolve(): void;
}

const key = Symbol.for("manyhands.realm");

export function realm(): Realm {
  const holder = globalThis as { [key]?: Realm };
  return (holder[key] ??= {
    identity: undefined,
    createdCount: 0,
    importCount: 0,
    children: new Set(),
    parentIsGone: makeSignal(),
    hasExitHook: false,
  });
}

function makeSignal(): Signal {
  let resolve = (): void => {};
  const happened = new Promise<void>((settle) => (resolve = settle));
  return { happened, resolve: () => resolve() };
}

/** Whether this isolate is a worker. */
export function isWorker(): boolean {
  return realm().identity !== undefined;
}

/**
 * What a worker's environment says until it boots: who started it. A program that the worker's modules start inherits it
 * and is no worker; its parent is another.
 */
export const parentVariable = "MANYHANDS_PARENT";

/** Whether this is a worker that has not yet been told who it is: it runs the modules of `--import` and `--require`. */
function isBooting(): boolean {
  const parent = isMainThread ? process.ppid : process.pid;
  return process.env[parentVariable] === String(parent);
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

/**
 * Marks the time in which a worker imports what its next task needs. No task runs then, so whatever is started is started by
 * the imported module's top level (or by something an earlier task has left running, which will have to try again).
 */
export async function whileImporting(imports: Promise<void>): Promise<void> {
  realm().importCount += 1;
  try {
    await imports;
  } finally {
    realm().importCount -= 1;
  }
}

/** The same for what is read at once: a captured `require` may load a CommonJS module. */
export function whileReading<T>(read: () => T): T {
  realm().importCount += 1;
  try {
    return read();
  } finally {
    realm().importCount -= 1;
  }
}

/** @throws BootstrapError while a worker imports a module: what that module starts would start it again, without end. */
export function refuseWhileImporting(what: string): void {
  const isImporting = isWorker() ? realm().importCount > 0 : isBooting();
  if (!isImporting) return;
  throw new BootstrapError(
    `Cannot start a ${what} while a worker imports a module: the module starts it at its top level, so each worker would start ` +
      `one of its own, without end. Start it inside a function that the program calls, or guard it with "if (isMain(import.meta))".`,
  );
}

function stopDaemons(): void {
  for (const child of realm().children) if (child.daemon) child.stop();
}
