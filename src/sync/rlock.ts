/** A recursive lock that processes and threads share. */
import { StateError, TimeoutError } from "../errors.js";
import { Block } from "../memory/block.js";
import { Deadline, deadlineOf } from "../memory/deadline.js";
import { handleOf, type Handle } from "../memory/handle.js";
import { holders } from "../memory/holders.js";
import { Identities } from "../memory/identities.js";
import { Mutex, mutexWords, type Acquisition } from "../memory/mutex.js";
import type { WaitOptions } from "../memory/waitable.js";
import { isMine, suspend, type ConditionLock, type Suspension } from "./condition-lock.js";
import { abandonedMeanwhile, Guard } from "./guard.js";
import { enter, isWithin, runWithin, Tenure } from "./tenure.js";

/**
 * A recursive lock: whoever holds it may acquire it again, and has to release it as often. Nobody else can release it.
 *
 * What owns it is a task of a thread: the code that acquired it, with all that this code calls and awaits. Two tasks of one
 * event loop exclude each other as two processes do. A function that a task calls without awaiting it belongs to the task,
 * too; and since JavaScript runs a function within its caller until the first `await`, a function that acquires the lock and
 * is not awaited shares it with the caller that goes on. `runExclusive` has no such edges: only what runs in it owns the lock.
 * A guard can be released anywhere.
 *
 * It travels: as an argument, a result, an item on a queue, or a captured variable, and is the same lock on arrival; who
 * holds it is not sent along. A holder that is killed does not keep it: it passes on within 50 milliseconds to a waiter, whose
 * guard says `abandoned`. It is as fair as a `Lock`. What was written before `release` is seen after the next `acquire`.
 *
 * Python: `multiprocessing.RLock`, owned by a thread; `release` by another throws `AssertionError` there.
 *
 * @example
 * const lock = new RLock();
 * {
 *   using outer = await lock.acquire();
 *   using inner = await lock.acquire();
 *   assert.equal(lock.locked, true);
 * }
 * assert.equal(lock.locked, false);
 */
export class RLock implements ConditionLock {
  readonly #block: Block;
  readonly #mutex: Mutex;
  /** Whose it is, while a task of this thread holds it. */
  #tenure: Tenure | undefined;

  /**
   * Makes a new lock, which nobody holds.
   * Without "koffi" the threads of this process share it, and sending it to another process throws UnsupportedError.
   *
   * @throws ResourceLimitError when the machine cannot back the memory.
   */
  constructor();
  constructor(block: Block = Block.allocate(mutexWords * 4)) {
    this.#block = block;
    this.#mutex = new Mutex(block.words, block.at, holders());
  }

  /**
   * Waits for the lock without blocking the event loop, at once when the caller holds it already; `undefined` when the
   * time is over.
   *
   * @throws the signal's reason, when it is aborted; the lock is then not acquired.
   * @throws TypeError when the timeout is not a number.
   */
  acquire(options?: { readonly timeout?: undefined; readonly signal?: AbortSignal | undefined }): Promise<Guard>;
  acquire(options?: WaitOptions): Promise<Guard | undefined>;
  acquire(options: WaitOptions = {}): Promise<Guard | undefined> {
    const again = this.#again();
    if (again !== undefined) return Promise.resolve(again);
    const tenure = new Tenure();
    enter(tenure);
    return this.#acquire(tenure, options);
  }

  /**
   * Blocks the thread until it has the lock, not at all when the caller holds it already; `undefined` when the time is over.
   *
   * @throws StateError when another task of this same thread holds the lock, which could never release it meanwhile.
   * @throws TypeError when the timeout is not a number.
   */
  acquireSync(options?: { readonly timeout?: undefined }): Guard;
  acquireSync(options?: { readonly timeout?: number | undefined }): Guard | undefined;
  acquireSync(options: { readonly timeout?: number | undefined } = {}): Guard | undefined {
    const again = this.#again();
    if (again !== undefined) return again;
    const deadline = deadlineOf(options, "acquire a lock");
    if (options.timeout === undefined && this.#mutex.isMine) {
      throw new StateError(
        "Cannot wait for a recursive lock: another task of this thread holds it, which cannot go on meanwhile. Use acquire().",
      );
    }
    return this.#entered(this.#mutex.acquireSync(deadline));
  }

  /** Takes the lock if it is free, or held by the caller; never waits. Python: `acquire(block=False)`. */
  tryAcquire(): Guard | undefined {
    return this.#again() ?? this.#entered(this.#mutex.tryAcquire());
  }

  /**
   * Gives the lock back once; others can have it when that was done as often as it was acquired.
   *
   * @throws StateError when the caller does not hold the lock. Python: `AssertionError`.
   */
  release(): void {
    if (!this[isMine]) throw new StateError("Cannot release a recursive lock: the task that calls does not hold it.");
    if (this.#tenure !== undefined) this.#leave(this.#tenure);
  }

  /**
   * Runs `critical` while holding the lock, and waits for the promise it may return. The lock is owned by what runs in it,
   * not by the caller.
   *
   * @throws TimeoutError when the time is over before the lock was acquired; what `critical` throws.
   */
  runExclusive<R>(critical: (held: Guard) => R, options: WaitOptions = {}): Promise<Awaited<R>> {
    const again = this.#again();
    if (again !== undefined) return this.#whileHeld(again, critical, options);
    const tenure = new Tenure();
    return runWithin(tenure, () => this.#whileHeld(this.#acquire(tenure, options), critical, options));
  }

  /** Whether somebody holds the lock at this moment; somebody who was killed does not. */
  get locked(): boolean {
    return this.#mutex.isLocked;
  }

  get [isMine](): boolean {
    return this.#tenure !== undefined && isWithin(this.#tenure);
  }

  [suspend](): Suspension {
    const tenure = this.#tenure;
    this.#tenure = undefined;
    this.#mutex.release();
    return {
      resume: async () => {
        this.#resumed(tenure, await this.#mutex.acquire(new Deadline(undefined, "acquire a lock"), undefined));
      },
      resumeSync: () => this.#resumed(tenure, this.#mutex.acquireSync(undefined)),
    };
  }

  #resumed(tenure: Tenure | undefined, acquisition: Acquisition): void {
    this.#tenure = tenure;
    if (tenure !== undefined && acquisition === "abandoned") tenure.isAbandonedMeanwhile = true;
  }

  [handleOf](): Handle {
    return { kind: "rlock", data: known.sent(this.#block, this) };
  }

  /** One more level, when the caller holds the lock. */
  #again(): Guard | undefined {
    if (this.#tenure === undefined || !isWithin(this.#tenure)) return undefined;
    this.#tenure.depth++;
    return this.#guard(this.#tenure, "acquired");
  }

  async #acquire(tenure: Tenure, options: WaitOptions): Promise<Guard | undefined> {
    const deadline = deadlineOf(options, "acquire a lock");
    const { signal } = options;
    signal?.throwIfAborted();
    const acquisition = this.#mutex.takeFree() ? "acquired" : await this.#mutex.acquire(deadline, signal);
    if (acquisition === undefined) return undefined;
    const guard = this.#granted(tenure, acquisition);
    // Runs before whoever awaits this promise, and after whatever the caller does in the same breath.
    queueMicrotask(() => (tenure.isDelivered = true));
    return guard;
  }

  /** What a call that did not await got. */
  #entered(acquisition: Acquisition): Guard | undefined {
    if (acquisition === undefined) return undefined;
    const tenure = new Tenure();
    tenure.isDelivered = true;
    enter(tenure);
    return this.#granted(tenure, acquisition);
  }

  async #whileHeld<R>(
    got: Guard | undefined | Promise<Guard | undefined>,
    critical: (held: Guard) => R,
    { timeout }: WaitOptions,
  ): Promise<Awaited<R>> {
    using held = await got;
    if (held === undefined) throw new TimeoutError(`Cannot acquire a lock: it was held for ${timeout} ms.`, timeout);
    return await critical(held);
  }

  #granted(tenure: Tenure, acquisition: "acquired" | "abandoned"): Guard {
    tenure.depth = 1;
    this.#tenure = tenure;
    return this.#guard(tenure, acquisition);
  }

  #guard(tenure: Tenure, acquisition: "acquired" | "abandoned"): Guard {
    return new Guard(acquisition === "abandoned", {
      release: () => this.#leave(tenure),
      get [abandonedMeanwhile]() {
        return tenure.isAbandonedMeanwhile;
      },
    });
  }

  #leave(tenure: Tenure): void {
    if (this.#tenure !== tenure) throw new StateError("Cannot release a recursive lock: it was released as often as it was acquired.");
    if (--tenure.depth > 0) return;
    this.#tenure = undefined;
    this.#mutex.release();
  }
}

const known = new Identities<RLock>((block) => Reflect.construct(RLock, [block]) as RLock);

/** The recursive lock a handle names. */
export function fromHandle(data: unknown): RLock {
  return known.received(data);
}
