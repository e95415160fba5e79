import { CancelledError } from "../errors.js";
import { waitFor, type WaitOptions } from "../backend/wait-for.js";

// Private fields are out of reach of other modules, so the class hands these three out from its static block.

/** What a task is the result of. */
export interface TaskOwner {
  /** The user cancels the task: it is to be rejected. */
  cancel(): void;
}

/** Makes a pending task. For the pool alone. */
export let openTask: <R>(owner: TaskOwner) => Task<R>;
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
  #resolve: ((value: R) => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  #owner: TaskOwner | undefined;

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
    if (this.#owner === undefined) return false;
    this.#owner.cancel();
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
    openTask = <V>(owner: TaskOwner): Task<V> => {
      let resolve: ((value: V) => void) | undefined;
      let reject: ((reason: unknown) => void) | undefined;
      const task = new Task<V>((onValue, onError) => {
        resolve = onValue;
        reject = onError;
      });
      task.#resolve = resolve;
      task.#reject = reject;
      task.#owner = owner;
      return task;
    };
    fulfillTask = (task, value) => {
      const resolve = task.#resolve;
      task.#end("fulfilled");
      resolve?.(value);
    };
    rejectTask = (task, reason) => {
      // What the program itself gave up, nobody need look at: it is no unhandled rejection.
      if (reason instanceof CancelledError) task.catch(() => {});
      const reject = task.#reject;
      task.#end("rejected");
      reject?.(reason);
    };
  }

  #end(state: TaskState): void {
    if (this.#state === "pending") this.#state = state;
    this.#resolve = undefined;
    this.#reject = undefined;
    this.#owner = undefined;
  }
}

/** A task that never began. */
export function failedTask<R>(reason: unknown): Task<R> {
  const task = openTask<R>({ cancel: () => {} });
  rejectTask(task, reason);
  return task;
}

type TaskState = "pending" | "fulfilled" | "rejected";
