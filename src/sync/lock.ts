/** A lock that processes and threads share. */
import { TimeoutError } from "../errors.js";
import { Block } from "../memory/block.js";
import { Deadline, deadlineOf } from "../memory/deadline.js";
import { handleOf, type Handle } from "../memory/handle.js";
import { holders } from "../memory/holders.js";
import { Identities } from "../memory/identities.js";
import { Mutex, mutexWords, type Acquisition } from "../memory/mutex.js";
import type { WaitOptions } from "../memory/waitable.js";
import { isMine, suspend, type ConditionLock, type Suspension } from "./condition-lock.js";
import { abandonedMeanwhile, Guard } from "./guard.js";

/**
 * A lock: at most one holder at a time, among all processes and threads that have it.
 *
 * It is not recursive: whoever acquires it again while holding it waits for itself. Any process or thread may release it.
 * It travels: as an argument, a result, an item on a queue, or a captured variable, and is the same lock on arrival.
 *
 * A holder that is killed does not keep it: the lock passes on within 50 milliseconds to a waiter, whose guard says
 * `abandoned`.
 *
 * Fairness: whoever comes first when the lock is free has it, which is what makes it fast; but no waiter starves. One that has
 * been passed by for 5 milliseconds is handed the lock at the next release, one such waiter after the other, and nobody can take
 * it in between. What is handed to a process that is killed passes on at once to whoever looks, within 20 milliseconds; what is
 * handed to one that is stopped, or whose event loop is busy, after 50 to 100 milliseconds: it gets its turn when it goes on.
 * Within one thread, `acquire` is first come, first served. Python's lock makes no promise.
 *
 * Python: `multiprocessing.Lock`; `acquire` returns a guard or `undefined` rather than a boolean.
 *
 * @example
 * const lock = new Lock();
 * {
 *   using held = await lock.acquire();
 *   assert.equal(lock.locked, true);
 * }
 * assert.equal(lock.locked, false);
 */
export class Lock implements ConditionLock {
  readonly #block: Block;
  readonly #mutex: Mutex;
  /** Until the lock is released: somebody who had it during a condition's wait died. */
  #isAbandonedMeanwhile = false;

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
   * Waits for the lock without blocking the event loop; `undefined` when the time is over.
   *
   * @throws the signal's reason, when it is aborted; the lock is then not held.
   * @throws TypeError when the timeout is not a number.
   */
  acquire(options?: { readonly timeout?: undefined; readonly signal?: AbortSignal | undefined }): Promise<Guard>;
  acquire(options?: WaitOptions): Promise<Guard | undefined>;
  acquire(options?: WaitOptions): Promise<Guard | undefined> {
    if (options === undefined && this.#mutex.takeFree()) return Promise.resolve(this.#guard("acquired"));
    return this.#acquire(options);
  }

  /**
   * Blocks the thread until it has the lock; `undefined` when the time is over. A task of this same thread that holds the
   * lock cannot release it meanwhile: where that may be, use `acquire` or a timeout.
   *
   * @throws TypeError when the timeout is not a number.
   */
  acquireSync(options?: { readonly timeout?: undefined }): Guard;
  acquireSync(options?: { readonly timeout?: number | undefined }): Guard | undefined;
  acquireSync(options?: { readonly timeout?: number | undefined }): Guard | undefined {
    const deadline = options === undefined ? undefined : deadlineOf(options, "acquire a lock");
    return this.#guard(this.#mutex.acquireSync(deadline));
  }

  /** Takes the lock if it is free; never waits. Python: `acquire(block=False)`. */
  tryAcquire(): Guard | undefined {
    return this.#guard(this.#mutex.tryAcquire());
  }

  /**
   * Gives the lock back, whoever acquired it. With a guard, release the guard instead.
   *
   * @throws StateError when the lock is free. One whose holder has died may be released, too. Python: `ValueError`.
   */
  release(): void {
    this.#isAbandonedMeanwhile = false;
    this.#mutex.release();
  }

  /**
   * Runs `critical` while holding the lock, and waits for the promise it may return. `critical` is given the guard.
   *
   * @throws TimeoutError when the time is over before the lock was acquired; what `critical` throws.
   */
  async runExclusive<R>(critical: (held: Guard) => R, options?: WaitOptions): Promise<Awaited<R>> {
    using held = await this.acquire(options);
    if (held === undefined) throw new TimeoutError(`Cannot acquire a lock: it was held for ${options?.timeout} ms.`, options?.timeout);
    return await critical(held);
  }

  /** Whether somebody holds the lock at this moment; somebody who was killed does not. */
  get locked(): boolean {
    return this.#mutex.isLocked;
  }

  get [abandonedMeanwhile](): boolean {
    return this.#isAbandonedMeanwhile;
  }

  get [isMine](): boolean {
    return this.#mutex.isMine;
  }

  [suspend](): Suspension {
    const wasAbandoned = this.#isAbandonedMeanwhile;
    this.release();
    return {
      resume: async () => {
        this.#resumed(wasAbandoned, await this.#mutex.acquire(new Deadline(undefined, "acquire a lock"), undefined));
      },
      resumeSync: () => this.#resumed(wasAbandoned, this.#mutex.acquireSync(undefined)),
    };
  }

  [handleOf](): Handle {
    return { kind: "lock", data: known.sent(this.#block, this) };
  }

  /** The lock that lives in a block of memory. */
  static in(block: Block): Lock {
    return Reflect.construct(Lock, [block]) as Lock;
  }

  async #acquire(options: WaitOptions = {}): Promise<Guard | undefined> {
    const deadline = deadlineOf(options, "acquire a lock");
    options.signal?.throwIfAborted();
    return this.#guard(await this.#mutex.acquire(deadline, options.signal));
  }

  #guard(acquisition: Acquisition): Guard | undefined {
    if (acquisition === undefined) return undefined;
    return new Guard(acquisition === "abandoned", this);
  }

  /** What the guards were told stays true for them; a condition may have them wait more than once. */
  #resumed(wasAbandoned: boolean, acquisition: Acquisition): void {
    this.#isAbandonedMeanwhile = wasAbandoned || acquisition === "abandoned";
  }
}

const known = new Identities<Lock>((block) => Lock.in(block));

/** The lock a handle names. */
export function fromHandle(data: unknown): Lock {
  return known.received(data);
}
