/** What both semaphores are. */
import { TimeoutError } from "../errors.js";
import { deadlineOf } from "../memory/deadline.js";
import type { handleOf, Handle, Shareable } from "../memory/handle.js";
import type { Acquisition } from "../memory/mutex.js";
import type { WaitOptions } from "../memory/waitable.js";
import { Guard } from "./guard.js";
import { maxPermits, type Permits } from "./permits.js";

/** A number of permits that processes and threads share. `Semaphore` and `BoundedSemaphore` differ in `release` alone. */
export abstract class BaseSemaphore implements Shareable {
  readonly #permits: Permits;

  constructor(permits: Permits) {
    this.#permits = permits;
  }

  /** How many permits are free at this moment. Python: `get_value()`. */
  get value(): number {
    return this.#permits.free;
  }

  /**
   * Waits for a permit without blocking the event loop; `undefined` when the time is over.
   *
   * @throws the signal's reason, when it is aborted; no permit is taken then.
   * @throws TypeError when the timeout is not a number.
   */
  acquire(options?: { readonly timeout?: undefined; readonly signal?: AbortSignal | undefined }): Promise<Guard>;
  acquire(options?: WaitOptions): Promise<Guard | undefined>;
  acquire(options?: WaitOptions): Promise<Guard | undefined> {
    const free = options === undefined ? this.#guard(this.#permits.takeFree()) : undefined;
    return free === undefined ? this.#acquire(options) : Promise.resolve(free);
  }

  /**
   * Blocks the thread until it has a permit; `undefined` when the time is over. A task of this same thread that would
   * release one cannot meanwhile: where that may be, use `acquire` or a timeout.
   *
   * @throws TypeError when the timeout is not a number.
   */
  acquireSync(options?: { readonly timeout?: undefined }): Guard;
  acquireSync(options?: { readonly timeout?: number | undefined }): Guard | undefined;
  acquireSync(options?: { readonly timeout?: number | undefined }): Guard | undefined {
    const deadline = options === undefined ? undefined : deadlineOf(options, "acquire a semaphore");
    return this.#guard(this.#permits.acquireSync(deadline));
  }

  /** Takes a permit if one is free; never waits. Python: `acquire(block=False)`. */
  tryAcquire(): Guard | undefined {
    return this.#guard(this.#permits.tryAcquire());
  }

  /**
   * Gives a permit back, whoever took it: first one that this thread took, else one that another did. With a guard,
   * release the guard instead.
   *
   * @throws StateError when there can be no more permits.
   */
  release(): void {
    this.#permits.release();
  }

  /**
   * Runs `critical` while holding a permit, and waits for the promise it may return.
   *
   * @throws TimeoutError when the time is over before a permit was free; what `critical` throws.
   */
  async runExclusive<R>(critical: (held: Guard) => R, options?: WaitOptions): Promise<Awaited<R>> {
    using held = await this.acquire(options);
    if (held === undefined)
      throw new TimeoutError(`Cannot acquire a semaphore: no permit was free for ${options?.timeout} ms.`, options?.timeout);
    return await critical(held);
  }

  abstract [handleOf](): Handle;

  async #acquire(options: WaitOptions = {}): Promise<Guard | undefined> {
    const deadline = deadlineOf(options, "acquire a semaphore");
    options.signal?.throwIfAborted();
    return this.#guard(this.#permits.takeFree() ?? (await this.#permits.acquire(deadline, options.signal)));
  }

  #guard(acquisition: Acquisition): Guard | undefined {
    return acquisition === undefined ? undefined : new Guard(acquisition === "abandoned", this);
  }
}

/** @throws TypeError | RangeError when it cannot be a number of permits. */
export function checkPermits(value: unknown, what: string): number {
  if (typeof value !== "number") throw new TypeError(`Cannot make a ${what}: its value must be a number, not ${typeof value}`);
  if (!Number.isInteger(value) || value < 0 || value > maxPermits) {
    throw new RangeError(`Cannot make a ${what}: its value must be a whole number from 0 to ${maxPermits}, not ${value}`);
  }
  return value;
}
