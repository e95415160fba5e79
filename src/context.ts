/** Binds the constructors to a backend: the same classes, running processes or threads. */
import { processBackend } from "./backend/process.js";
import { threadBackend } from "./backend/thread.js";
import type { PoolOptions } from "./pool/options.js";
import { BasePool } from "./pool/pool.js";
import { BaseProcess, type Target } from "./process/process.js";
import type { ProcessOptions } from "./process/options.js";

/**
 * A function running in an operating-system process of its own. Python: `multiprocessing.Process`.
 *
 * @example
 * ```ts
 * const child = new Process((a: number, b: number) => a + b, [40, 2]).start();
 * assert.equal(await child.result(), 42);
 * assert.equal(await child.join(), 0);
 * ```
 */
export class Process<A extends readonly unknown[] = readonly unknown[], R = unknown> extends BaseProcess<A, R> {
  /** @throws TypeError when the target is no function, args no array, or an option of the wrong type. */
  constructor(target?: Target<A, R>, args?: A, options: ProcessOptions = {}) {
    super(processBackend, target, args, options);
  }
}

/** The same, running in a thread of this process. Python: `multiprocessing.dummy.Process`. */
export class ThreadProcess<A extends readonly unknown[] = readonly unknown[], R = unknown> extends BaseProcess<A, R> {
  /** @throws TypeError when the target is no function, args no array, or an option of the wrong type. */
  constructor(target?: Target<A, R>, args?: A, options: ProcessOptions = {}) {
    super(threadBackend, target, args, options);
  }

  // Users know it by the name under which "manyhands/threads" exports it; default names begin with that.
  static {
    Object.defineProperty(this, "name", { value: "Process" });
  }
}

/**
 * A number of processes that share work out among them. Python: `multiprocessing.Pool`.
 *
 * The workers start at once. A worker that dies is replaced, and costs the task it was running. A pool with work keeps the
 * program alive; one that is idle does not, and its workers end with the program.
 *
 * @example
 * ```ts
 * await using pool = new Pool(2);
 * const factor = 3;
 * assert.deepEqual(await pool.map((x: number) => x * factor, [1, 2, 3]), [3, 6, 9]);
 * ```
 */
export class Pool<A extends readonly unknown[] = readonly unknown[]> extends BasePool<A> {
  /**
   * Starts `workers` processes; as many as there are processors for this program, by default.
   *
   * @throws TypeError | RangeError when the number or an option is wrong.
   * @throws NotShippableError | EncodeError when the initializer or its arguments cannot be sent.
   * @throws BootstrapError in a worker that is just importing a module.
   */
  constructor(workers?: number, options: PoolOptions<A> = {}) {
    super(processBackend, workers, options);
  }
}

/** The same, with threads of this process. Python: `multiprocessing.pool.ThreadPool`. */
export class ThreadPool<A extends readonly unknown[] = readonly unknown[]> extends BasePool<A> {
  /**
   * Starts `workers` threads; as many as there are processors for this program, by default.
   *
   * @throws TypeError | RangeError when the number or an option is wrong.
   * @throws NotShippableError | EncodeError when the initializer or its arguments cannot be sent.
   * @throws BootstrapError in a worker that is just importing a module.
   */
  constructor(workers?: number, options: PoolOptions<A> = {}) {
    super(threadBackend, workers, options);
  }
}

/** How workers are started: as operating-system processes, or as threads of this one. */
export type ContextKind = "process" | "thread";

/** The constructors of one kind, for programs that choose when they run. */
export interface Context<K extends ContextKind = ContextKind> {
  readonly kind: K;
  readonly Process: K extends "thread" ? typeof ThreadProcess : typeof Process;
  readonly Pool: K extends "thread" ? typeof ThreadPool : typeof Pool;
}

const contexts: { readonly [K in ContextKind]: Context<K> } = {
  process: { kind: "process", Process, Pool },
  thread: { kind: "thread", Process: ThreadProcess, Pool: ThreadPool },
};

/**
 * The constructors that start processes, or those that start threads; `"process"` by default. Python: `get_context()`, where the
 * kinds are `spawn`, `fork` and `forkserver`.
 *
 * @throws TypeError when there is no such kind.
 * @example
 * ```ts
 * const { Process } = getContext("thread");
 * assert.equal(await new Process(() => process.pid).start().result(), process.pid);
 * ```
 */
export function getContext(): Context<"process">;
export function getContext<K extends ContextKind>(kind: K): Context<K>;
export function getContext(kind: ContextKind = "process"): Context {
  if (!Object.hasOwn(contexts, kind)) {
    throw new TypeError(
      `Cannot get the context ${JSON.stringify(kind)}: there are ${Object.keys(contexts)
        .map((known) => `"${known}"`)
        .join(" and ")}`,
    );
  }
  return contexts[kind];
}
