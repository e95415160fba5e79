import type { Backend, StartOptions } from "../backend/backend.js";
import { forgetChild, refuseWhileImporting, rememberChild, type Child } from "../backend/realm.js";
import type { WaitOptions } from "../backend/wait-for.js";
import type { LinkWork } from "../backend/worker-link.js";
import { ClosedError, StateError } from "../errors.js";
import { cpuCount } from "../platform/cpu-count.js";
import { AbortWatch } from "./abort-watch.js";
import { collect, ItemSource } from "./item-source.js";
import { type ChunkRunner, ItemStream } from "./item-stream.js";
import { MapCall } from "./map-call.js";
import * as check from "./options.js";
import type { ImapOptions, MapOptions, PoolOptions, TaskOptions } from "./options.js";
import { startPoolWorker } from "./pool-worker.js";
import { ResultIterator } from "./result-iterator.js";
import { Scheduler } from "./scheduler.js";
import { type AnyFunction, callForMany, type Mapped, Submission } from "./submission.js";
import { failedTask, type Task } from "./task.js";
import { type SlotState, WorkerSlot } from "./worker-slot.js";

/** One worker of a pool, as it was when asked for. */
export interface PoolWorker {
  readonly name: string;
  /** A thread's is the program's own. */
  readonly pid: number | undefined;
  readonly state: SlotState;
}

/** What every pool is, whichever backend runs its workers. `context.ts` binds the backend, and documents the class. */
export abstract class BasePool<I extends readonly unknown[] = readonly unknown[]> implements AsyncDisposable {
  readonly #scheduler: Scheduler<LinkWork>;
  readonly #submission: Submission;
  readonly #signals = new AbortWatch();

  constructor(backend: Backend, workers: number | undefined, options: PoolOptions<I>) {
    const size = check.checkWorkers(workers, cpuCount);
    const { initializer, initargs = [], maxTasksPerChild = Infinity, ...settings } = check.checkPoolOptions(options);
    refuseWhileImporting("pool");
    const firstCall = initializer === undefined ? undefined : callForMany(initializer, initargs, backend);
    this.#scheduler = new Scheduler({
      size,
      maxTasksPerWorker: maxTasksPerChild,
      startWorker: (number, owner) => {
        const start = startOptionsOf(settings, number);
        return new WorkerSlot({
          name: start.name,
          owner,
          start: (listener) => startPoolWorker({ backend, start, initializer: firstCall }, listener),
        });
      },
    });
    this.#submission = new Submission(this.#scheduler, backend);
    lookAfter(this.#scheduler);
  }

  /** How many tasks run at the same time at most. */
  get size(): number {
    return this.#scheduler.size;
  }

  /** How many calls and chunks have been submitted and have not ended. */
  get pending(): number {
    return this.#scheduler.pending;
  }

  /** The workers that take tasks, with their process ids, at this moment. */
  get workers(): readonly PoolWorker[] {
    return this.#scheduler.workers.map(({ name, pid, state }) => ({ name, pid, state }));
  }

  /**
   * Calls `fn(...args)` in a worker. The arguments, and what `fn` has captured, are copied at this moment.
   * Python: `apply_async`; `apply` is `await pool.apply(…)`.
   *
   * The task rejects with what `fn` threw, or with one of these:
   * - `NotShippableError` or `EncodeError`: the function, an argument or the result cannot be sent; nothing was started, or the
   *   worker lives on;
   * - `WorkerDiedError`: its worker was killed, exited or ran out of memory meanwhile; no other task is harmed;
   * - `WorkerStartError`: the pool's workers cannot start, or their initializer fails;
   * - `TimeoutError`, `CancelledError`, the reason of `signal`: it was stopped, and its worker with it, which is replaced;
   * - `ClosedError`: the pool was closed before the call.
   */
  apply<R>(fn: () => R, args?: readonly [], options?: TaskOptions): Task<Awaited<R>>;
  apply<A extends readonly unknown[] | [], R>(fn: (...args: A) => R, args: A, options?: TaskOptions): Task<Awaited<R>>;
  apply(fn: AnyFunction, args: readonly unknown[] = [], options: TaskOptions = {}): Task<unknown> {
    try {
      check.checkCall(fn, args);
      check.checkTaskOptions(options);
      this.#refuseUnlessRunning(fn);
      options.signal?.throwIfAborted();
      const job = this.#submission.call(fn, args, options.timeout);
      if (options.signal !== undefined) job.onEnd = this.#signals.add(options.signal, (reason) => job.giveUp(reason));
      this.#scheduler.submit(job);
      return job.task;
    } catch (error) {
      return failedTask(error);
    }
  }

  /**
   * Calls `fn` with each item of a sync or async iterable, in chunks, on all workers; the results come in the order of the items.
   * Python: `map`.
   *
   * Every chunk is waited for, also when one has failed; then the task rejects with the error that came first. What cannot be
   * sent rejects at once. The errors are those of `apply`; a worker that dies takes the chunk it runs with it.
   */
  map<T, R>(fn: (item: T) => R, items: Iterable<T> | AsyncIterable<T>, options?: MapOptions): Task<Awaited<R>[]> {
    return this.#map<Awaited<R>>(fn, items, { ...options, isSpread: false });
  }

  /** Like `map`, over lists of arguments: calls `fn(...item)` for each item. Python: `starmap`. */
  starmap<A extends readonly unknown[] | [], R>(
    fn: (...args: A) => R,
    argumentLists: Iterable<A> | AsyncIterable<A>,
    options?: MapOptions,
  ): Task<Awaited<R>[]> {
    return this.#map<Awaited<R>>(fn, argumentLists, { ...options, isSpread: true });
  }

  /**
   * Like `map`, one result at a time, in the order of the items, over an input that may be endless: it is taken from only as far
   * ahead as `readAhead` says. Python: `imap`, which takes all of its input at once.
   *
   * Errors come from `next()`, each on the turn of its item. A worker that dies fails each item of the chunk it runs.
   *
   * @throws TypeError | RangeError when an argument or option is wrong.
   */
  imap<T, R>(fn: (item: T) => R, items: Iterable<T> | AsyncIterable<T>, options: ImapOptions = {}): ResultIterator<Awaited<R>, T> {
    return this.#imap<T, Awaited<R>>(fn, items, { ...options, isOrdered: true });
  }

  /** Like `imap`, in the order in which results come. Python: `imap_unordered`. */
  imapUnordered<T, R>(fn: (item: T) => R, items: Iterable<T> | AsyncIterable<T>, options: ImapOptions = {}): ResultIterator<Awaited<R>, T> {
    return this.#imap<T, Awaited<R>>(fn, items, { ...options, isOrdered: false });
  }

  /**
   * Takes no more calls; what was submitted is finished, then the workers end. An `imap` that is under way may be read to its end.
   * Python: `close`.
   */
  close(): void {
    this.#scheduler.close();
  }

  /**
   * Stops at once: every task that has not ended rejects with `CancelledError`, and the workers are stopped whatever they do.
   * Python: `terminate`, which leaves unfinished results hanging.
   */
  terminate(): void {
    this.#scheduler.terminate();
  }

  /**
   * Waits, after `close` or `terminate`, until the last worker has ended: `true`; or until `timeout` milliseconds are over: `false`.
   * Python: `join`, without a timeout.
   *
   * @throws StateError before `close` or `terminate`.
   * @throws the signal's reason when `signal` aborts the wait.
   */
  async join(options: WaitOptions = {}): Promise<boolean> {
    if (this.#scheduler.state === "running")
      throw new StateError("Cannot join a pool that still takes tasks: call close() or terminate() first");
    return this.#scheduler.ended(options);
  }

  /** Finishes what was submitted, then stops the workers. Python's `with` terminates instead. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.join();
  }

  #map<R>(
    fn: AnyFunction,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    options: MapOptions & { readonly isSpread: boolean },
  ): Task<R[]> {
    const call = new MapCall<R>(this.#scheduler, this.#submission);
    try {
      check.checkFunction("the function to map", fn);
      check.checkMapOptions(options);
      this.#refuseUnlessRunning(fn);
      options.signal?.throwIfAborted();
      const mapped = this.#submission.mapped(fn, options);
      if (options.signal !== undefined) call.onEnd = this.#signals.add(options.signal, (reason) => call.giveUp(reason));
      call.start(mapped, collect(items), options.chunkSize);
    } catch (error) {
      call.fail(error);
    }
    return call.task;
  }

  #imap<T, R>(
    fn: AnyFunction,
    items: Iterable<T> | AsyncIterable<T>,
    options: ImapOptions & { readonly isOrdered: boolean },
  ): ResultIterator<R, T> {
    check.checkFunction("the function to map", fn);
    check.checkImapOptions(options);
    const { signal, isOrdered, chunkSize = 1, readAhead = chunkSize * chunksAhead * this.size } = options;
    const source = new ItemSource(items);
    const runner: ChunkRunner<T> = {
      submit: (chunk, onResult) => this.#submission.chunk(mapped, chunk, onResult),
      enter: () => this.#scheduler.enter(stream),
      leave: () => this.#scheduler.leave(stream),
    };
    const stream = new ItemStream<T, R>({ source, runner, chunkSize, readAhead, isOrdered });
    let mapped: Mapped;
    try {
      this.#refuseUnlessRunning(fn);
      signal?.throwIfAborted();
      mapped = this.#submission.mapped(fn, { ...options, isSpread: false });
      const stopWatching = signal === undefined ? () => {} : this.#signals.add(signal, (reason) => stream.abort(reason));
      stream.start(stopWatching);
    } catch (error) {
      stream.fail(error);
    }
    return new ResultIterator(stream);
  }

  #refuseUnlessRunning(fn: AnyFunction): void {
    const { state, failure } = this.#scheduler;
    if (failure !== undefined) throw failure;
    if (state !== "running") throw new ClosedError(`Cannot run ${nameOf(fn)}: the pool is ${state}`);
  }
}

function startOptionsOf(
  { name = "PoolWorker", env, execArgv, stdio = "inherit", resourceLimits }: WorkerSettings,
  number: number,
): StartOptions {
  return { name: `${name}-${number}`, env, execArgv, stdio, resourceLimits };
}

type WorkerSettings = Pick<PoolOptions, "name" | "env" | "execArgv" | "stdio" | "resourceLimits">;

/** The workers do not outlive the program: who has not closed the pool by then has nothing to wait for. */
function lookAfter(scheduler: Scheduler<LinkWork>): void {
  const child: Child = { daemon: true, stop: () => scheduler.terminate() };
  rememberChild(child);
  void scheduler.whenEnded.then(() => forgetChild(child));
}

function nameOf(fn: unknown): string {
  return typeof fn === "function" && fn.name !== "" ? fn.name : "a function";
}

/** How many chunks for each worker `imap` keeps between input and output: enough for all to be busy while results are awaited in order. */
const chunksAhead = 4;
