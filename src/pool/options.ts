/**
 * Checks what users hand to a pool, at the call where they hand it over: wrong types throw `TypeError`, numbers out of range
 * `RangeError`.
 */

import { checkEnv } from "../process/options.js";

/** Options of `new Pool(workers, options)`. */
export interface PoolOptions<A extends readonly unknown[] = readonly unknown[]> {
  /** Runs once in every worker before its first task. Python: `initializer`. */
  readonly initializer?: ((...args: A) => unknown) | undefined;
  /** The initializer's arguments. Python: `initargs`. */
  readonly initargs?: A | undefined;
  /**
   * A worker is replaced after this many tasks, so that what leaks in it is given back; a chunk of `map` counts as one task.
   * `undefined`: never. Python: `maxtasksperchild`.
   */
  readonly maxTasksPerChild?: number | undefined;
  /** Workers are called `NAME-1`, `NAME-2` and so on; `"PoolWorker"` by default. */
  readonly name?: string | undefined;
  /** Replaces the environment the workers inherit. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Node's own flags for the workers, in place of those of this program. */
  readonly execArgv?: readonly string[] | undefined;
  /** Whether what workers print is seen, or dropped; `"inherit"` by default. */
  readonly stdio?: "inherit" | "ignore" | undefined;
  /** Heap limits of each worker, in MiB. A worker that exceeds them dies, and the task it ran rejects. */
  readonly resourceLimits?: ResourceLimits | undefined;
}

/** Heap limits of one worker, in MiB, as in `node:worker_threads`. */
export interface ResourceLimits {
  readonly maxOldGenerationSizeMb?: number;
  readonly maxYoungGenerationSizeMb?: number;
  readonly stackSizeMb?: number;
}

/** Options of `Pool.apply`. */
export interface TaskOptions {
  /** Aborting rejects the task with the signal's reason; a task that runs is stopped with its worker, which is replaced. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds the task may run, counted from its start in a worker, not from the call. After that it rejects with
   * `TimeoutError`, and its worker is stopped and replaced.
   */
  readonly timeout?: number | undefined;
}

/** Options of `Pool.map` and `Pool.starmap`. `timeout` is for each item: a chunk of n items may run n times as long. */
export interface MapOptions extends TaskOptions {
  /** How many items travel to a worker together; about four chunks a worker by default. Python: `chunksize`. */
  readonly chunkSize?: number | undefined;
}

/** Options of `Pool.imap` and `Pool.imapUnordered`. `timeout` is for each item: a chunk of n items may run n times as long. */
export interface ImapOptions extends TaskOptions {
  /** How many items travel to a worker together; 1 by default. Python: `chunksize`. */
  readonly chunkSize?: number | undefined;
  /**
   * How many items may have been taken from the input whose results have not been asked for; at least `chunkSize`.
   * By default four chunks a worker. Python 3.16: `buffersize`.
   */
  readonly readAhead?: number | undefined;
}

/** A pool that is larger is a mistake: each worker is a whole Node. */
const maxWorkers = 4096;

/** How many workers a pool gets. */
export function checkWorkers(workers: unknown, defaultCount: () => number): number {
  if (workers === undefined) return defaultCount();
  return checkCount("workers", workers, maxWorkers);
}

/** Checks all options of a pool; returns them as they are. */
export function checkPoolOptions<A extends readonly unknown[]>(options: PoolOptions<A>): PoolOptions<A> {
  checkObject("the pool's options", options);
  const { initializer, initargs, maxTasksPerChild, name, env, execArgv, stdio, resourceLimits } = options;
  if (initializer !== undefined) checkFunction("initializer", initializer);
  if (initargs !== undefined && !Array.isArray(initargs)) refuse("initargs", "an array", initargs);
  if (initargs !== undefined && initializer === undefined) throw new TypeError("initargs needs an initializer to pass them to");
  if (maxTasksPerChild !== undefined) checkCount("maxTasksPerChild", maxTasksPerChild);
  if (name !== undefined && (typeof name !== "string" || name === "")) refuse("name", "a string that is not empty", name);
  if (env !== undefined) checkEnv(env);
  if (execArgv !== undefined && !isStringArray(execArgv)) refuse("execArgv", "an array of strings", execArgv);
  if (stdio !== undefined && stdio !== "inherit" && stdio !== "ignore") refuse("stdio", '"inherit" or "ignore"', stdio);
  if (resourceLimits !== undefined) checkResourceLimits(resourceLimits);
  return options;
}

/** Checks the options of `apply`, and those that `map` and `imap` share with it. */
export function checkTaskOptions(options: TaskOptions): void {
  checkObject("options", options);
  const { signal, timeout } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) refuse("signal", "an AbortSignal", signal);
  if (timeout === undefined) return;
  if (typeof timeout !== "number" || Number.isNaN(timeout)) refuse("timeout", "a number of milliseconds", timeout);
  if (timeout <= 0) throw new RangeError(`timeout must be above 0 ms, for a task that may not run at all is of no use; it is ${timeout}`);
}

/** Checks the options of `map` and `starmap`. */
export function checkMapOptions(options: MapOptions): void {
  checkTaskOptions(options);
  if (options.chunkSize !== undefined) checkCount("chunkSize", options.chunkSize);
}

/** Checks the options of `imap` and `imapUnordered`. */
export function checkImapOptions(options: ImapOptions): void {
  checkMapOptions(options);
  if (options.readAhead !== undefined) checkCount("readAhead", options.readAhead);
}

/** Checks what `apply` is to call. */
export function checkCall(fn: unknown, args: unknown): void {
  checkFunction("the function to call", fn);
  if (!Array.isArray(args)) refuse("the arguments", "an array, such as [value]", args);
}

/** Checks that `value` can be called. */
export function checkFunction(what: string, value: unknown): void {
  if (typeof value !== "function") refuse(what, "a function", value);
}

function checkResourceLimits(limits: ResourceLimits): void {
  checkObject("resourceLimits", limits);
  for (const [key, value] of Object.entries(limits)) {
    if (!limitNames.has(key)) throw new TypeError(`resourceLimits has no ${key}; it knows ${[...limitNames].join(", ")}`);
    if (value !== undefined && !(typeof value === "number" && value > 0)) refuse(`resourceLimits.${key}`, "a number of MiB above 0", value);
  }
}

const limitNames: ReadonlySet<string> = new Set(["maxOldGenerationSizeMb", "maxYoungGenerationSizeMb", "stackSizeMb"]);

function checkCount(what: string, value: unknown, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number" || !Number.isInteger(value)) return refuse(what, "a whole number", value);
  if (value < 1) throw new RangeError(`${what} must be at least 1; it is ${value}`);
  if (value > max) throw new RangeError(`${what} must be at most ${max}; it is ${value}`);
  return value;
}

function checkObject(what: string, value: unknown): void {
  if (typeof value !== "object" || value === null) refuse(what, "an object", value);
}

function isStringArray(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function refuse(what: string, expected: string, value: unknown): never {
  throw new TypeError(`${what} must be ${expected}; it is ${describe(value)}`);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "an array";
  return `a value of type ${typeof value}`;
}
