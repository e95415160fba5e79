/** A queue that knows when all its items are done. */
import { StateError } from "../errors.js";
import { deadlineOf } from "../memory/deadline.js";
import { handleOf, type Handle } from "../memory/handle.js";
import { attendMs } from "../memory/holders.js";
import { Identities } from "../memory/identities.js";
import { Turns } from "../memory/turns.js";
import type { WaitOptions } from "../memory/waitable.js";
import { checkMaxSize, type QueueOptions } from "./options.js";
import { Queue } from "./queue.js";
import { SharedQueue } from "./shared-queue.js";

/**
 * A queue whose items are taken and then done: `taskDone` says so of one, `join` waits for all that were put.
 *
 * What a consumer has taken when it is killed or ends will not be done by anybody, and counts as done. A shutdown with
 * `immediate` leaves nothing to be done. In all else it is a `Queue`.
 *
 * Python: `multiprocessing.JoinableQueue`, whose `join` waits for the dead for ever, and takes no timeout.
 *
 * @example
 * const queue = new JoinableQueue<number>();
 * await queue.put(1);
 * assert.equal(await queue.join({ timeout: 1 }), false);
 * await queue.get();
 * queue.taskDone();
 * assert.equal(await queue.join(), true);
 */
export class JoinableQueue<T = unknown> extends Queue<T> {
  readonly #shared: SharedQueue;
  readonly #joins = new Turns();

  /** Makes an empty queue. @throws as the constructor of `Queue` does. */
  constructor(options?: QueueOptions);
  constructor(options: QueueOptions | SharedQueue = {}) {
    const shared = options instanceof SharedQueue ? options : SharedQueue.allocate(checkMaxSize(options), { isCounted: true });
    super(shared);
    this.#shared = shared;
  }

  /**
   * Says that an item is done which was taken: by this thread, if it has one, else by any other.
   *
   * @throws StateError when all items that were taken are done. Python: `ValueError`.
   */
  taskDone(): void {
    if (!this.#shared.finish()) throw new StateError("Cannot say that an item is done: all items that were taken are.");
  }

  /**
   * Waits, without blocking the event loop, until all items are done: true when they are, at once if nothing was ever put;
   * false when the time is over.
   *
   * @throws the signal's reason, when it is aborted.
   */
  join(options?: { readonly timeout?: undefined; readonly signal?: AbortSignal | undefined }): Promise<true>;
  join(options?: WaitOptions): Promise<boolean>;
  async join(options: WaitOptions = {}): Promise<boolean> {
    const deadline = deadlineOf(options, "join a queue");
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#shared.unfinished === 0) return true;
    if (!(await this.#joins.enter(deadline, signal))) return this.#isDone();
    try {
      for (;;) {
        const seen = this.#shared.idle.prepare();
        if (this.#isDone()) return true;
        const slice = Math.min(attendMs, deadline.remaining);
        if (slice <= 0) return false;
        await this.#shared.idle.sleepAsync(seen, { timeout: slice, signal });
      }
    } finally {
      this.#joins.leave();
    }
  }

  /** The same, blocking the thread: no task of this same thread can do anything meanwhile. */
  joinSync(options?: { readonly timeout?: undefined }): true;
  joinSync(options?: Pick<WaitOptions, "timeout">): boolean;
  joinSync(options?: Pick<WaitOptions, "timeout">): boolean {
    const deadline = deadlineOf(options, "join a queue");
    for (;;) {
      const seen = this.#shared.idle.prepare();
      if (this.#isDone()) return true;
      const slice = Math.min(attendMs, deadline.remaining);
      if (slice <= 0) return false;
      this.#shared.idle.sleep(seen, slice);
    }
  }

  /**
   * Not for a joinable queue, whose consumers say themselves what is done.
   *
   * @throws StateError always.
   */
  override lease(): Promise<never> {
    return Promise.reject(noLease());
  }

  /** @throws StateError always. */
  override leaseSync(): never {
    throw noLease();
  }

  override [handleOf](): Handle {
    return { kind: "joinable-queue", data: known.sent(this.#shared.block, this) };
  }

  #isDone(): boolean {
    if (this.#shared.unfinished > 0) this.#shared.settle();
    return this.#shared.unfinished === 0;
  }
}

function noLease(): StateError {
  return new StateError("Cannot lease an item of a JoinableQueue: use a Queue, whose leases say themselves what is done.");
}

const known = new Identities<JoinableQueue>((block) => new JoinableQueue(new SharedQueue(block)));

/** The queue a handle names. */
export function fromHandle(data: unknown): JoinableQueue {
  return known.received(data);
}
