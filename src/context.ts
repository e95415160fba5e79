/** Binds the constructors to a backend: the same classes, running processes or threads. */
import { processBackend } from "./backend/process.js";
import { threadBackend } from "./backend/thread.js";
import type { PoolOptions } from "./pool/options.js";
import { BasePool } from "./pool/pool.js";
import { BaseProcess, type Target } from "./process/process.js";
import type { ProcessOptions } from "./process/options.js";

/** A function running in an operating-system process of its own. Python: `multiprocessing.Process`. */
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
