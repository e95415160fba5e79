import { CancelledError } from "../errors.js";
import { waitFor, type WaitOptions } from "../backend/wait-for.js";

// Private fields are out of reach of other modules, so the class hands these three out from its static block.

/** Makes a pending task, which `giveUp` must reject when the user cancels it. For the pool alone. */
export let openTask: <R>(giveUp: () => void) => Task<R>;
/** Ends a task well; no effect on one that has ended. */
export let fulfillTask: <R>(task: Task<R>, value: R) => void;
/** Ends a task badly; no effect on one that has ended. */
export let rejectTask: <R>(task: Task<R>, reason: unknown) => void;

/**
 * What `Pool.apply`, `map` and `starmap` return: the promise of a result, with its state and a way to give it up.
 * Python: `AsyncResult`; `get()` is `await` here.
 *
 * Like any promise, a task that rejects while nobody looks at it counts as an unhandled rejection; one that was cancelled,
 * or ended with its pool, does not.
 *
 * @example
 * ```ts
 * await using pool = new Pool(1);
 * const task = pool.apply(() => 6 * 7);
 * assert.equal(task.ready, false);
 * assert.equal(await task, 42);
 * assert.equal(task.successful, true);
 * ```
 */
export class Task<R> extends Promise<R> {
  #state: TaskState = "pending";
  #settle: Settle<R> | undefined;
  #giveUp: (() => void) | undefined;

  /** `then` and its kin make plain promises: what is derived from a task cannot be cancelled. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** Whether the result or the error is there. Python: `ready()`. */
  get ready(): boolean {
    return this.#state !== "pending";
  }

  /** Whether the task ended with a result; `undefined` until it has ended. Python: `successful()`, which raises until then. */
  get successful(): boolean | undefined {
    return this.#state === "pending" ? undefined : this.#state === "fulfilled";
  }

  /**
   * Gives the task up: it rejects with `CancelledError`. A task that has not begun never will; the worker of one that runs is
   * stopped and replaced, which harms no other task. Returns `false` when the task had already ended.
   * Python: `Future.cancel()`, which cannot stop what runs.
   */
  cancel(): boolean {
    if (this.#state !== "pending" || this.#giveUp === undefined) return false;
    this.#giveUp();
    return true;
  }

  /**
   * Waits until the task has ended, well or badly, and answers `true`; or until `timeout` milliseconds are over, and answers
   * `false`. The task goes on meanwhile. It never rejects with the task's own error. Python: `wait()` followed by `ready()`.
   *
   * @throws the signal's reason when `signal` aborts the wait (not the task).
   */
  async wait(options: WaitOptions = {}): Promise<boolean> {
    return this.ready || (await waitFor(this, options));
  }

  static {
    openTask = <V>(giveUp: () => void): Task<V> => {
      let settle: Settle<V> | undefined;
      const task = new Task<V>((resolve, reject) => {
        settle = { resolve, reject };
      });
      task.#settle = settle;
      task.#giveUp = giveUp;
      return task;
    };
    fulfillTask = (task, value) => task.#end("fulfilled")?.resolve(value);
    rejectTask = (task, reason) => {
      // What the program itself gave up, nobody need look at: it is no unhandled rejection.
      if (reason instanceof CancelledError) task.catch(() => {});
      task.#end("rejected")?.reject(reason);
    };
  }

  /** The way to settle, the first time; nothing afterwards. */
  #end(state: TaskState): Settle<R> | undefined {
    const settle = this.#settle;
    if (settle === undefined) return undefined;
    this.#state = state;
    this.#settle = undefined;
    this.#giveUp = undefined;
    return settle;
  }
}

type TaskState = "pending" | "fulfilled" | "rejected";

interface Settle<R> {
  readonly resolve: (value: R) => void;
  readonly reject: (reason: unknown) => void;
}
