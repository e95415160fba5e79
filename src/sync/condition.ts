/** A condition that processes and threads share. Who waits and who was notified: waiters.ts. */
import { DecodeError, StateError } from "../errors.js";
import { Block } from "../memory/block.js";
import { deadlineOf, type Deadline } from "../memory/deadline.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { attendMs, holders } from "../memory/holders.js";
import { Identities } from "../memory/identities.js";
import { killPoint } from "../memory/kill-point.js";
import { Turns } from "../memory/turns.js";
import type { WaitOptions } from "../memory/waitable.js";
import { isConditionLock, isMine, suspend } from "./condition-lock.js";
import type { Guard } from "./guard.js";
import { fromHandle as lockFromHandle, type Lock } from "./lock.js";
import { fromHandle as rlockFromHandle, RLock } from "./rlock.js";
import { Waiters, waitersBytes } from "./waiters.js";

/**
 * A condition: those who hold its lock may wait, which gives the lock back meanwhile, until another holder notifies them.
 *
 * Notifications are not remembered: they go to those who wait at that moment. One that goes to a waiter which is killed goes
 * on to another that waited with it, within 50 milliseconds. A notifier that is killed midway has notified some.
 * Threads are notified in turn; within one thread, whoever waited first. A wait that ends holds the lock again, at every
 * level it was held before, however it ended. Look at what you wait for in a loop, or use `waitFor`: others may come first.
 *
 * It travels, and its lock with it. With a `Lock`, which no task owns, what counts is that this thread holds it.
 *
 * Python: `multiprocessing.Condition`; `notify` does not wait there until those it notified have woken.
 *
 * @example
 * const condition = new Condition();
 * const ready = condition.runExclusive(() => condition.wait({ timeout: 10_000 }));
 * await condition.runExclusive(() => condition.notify());
 * assert.equal(await ready, true);
 */
export class Condition implements Shareable {
  /** The lock to hold while waiting and notifying. */
  readonly lock: Lock | RLock;
  readonly #block: Block;
  readonly #waiters: Waiters;
  readonly #turns = new Turns();

  /**
   * Makes a condition, with a new `RLock` or the lock that is given, which several conditions may share.
   * Without "koffi" the threads of this process share it, and sending it to another process throws UnsupportedError.
   *
   * @throws TypeError when `lock` is neither a `Lock` nor an `RLock`.
   * @throws ResourceLimitError when the machine cannot back the memory.
   */
  constructor(lock?: Lock | RLock);
  constructor(lock: Lock | RLock = new RLock(), block: Block = Block.allocate(waitersBytes)) {
    if (!isConditionLock(lock)) throw new TypeError("Cannot make a condition: its lock must be a Lock or an RLock");
    this.lock = lock;
    this.#block = block;
    this.#waiters = new Waiters(block, holders());
  }

  /** Acquires the lock: see there. */
  acquire(options?: { readonly timeout?: undefined; readonly signal?: AbortSignal | undefined }): Promise<Guard>;
  acquire(options?: WaitOptions): Promise<Guard | undefined>;
  acquire(options?: WaitOptions): Promise<Guard | undefined> {
    return this.lock.acquire(options);
  }

  /** Acquires the lock, blocking the thread: see there. */
  acquireSync(options?: { readonly timeout?: undefined }): Guard;
  acquireSync(options?: { readonly timeout?: number | undefined }): Guard | undefined;
  acquireSync(options?: { readonly timeout?: number | undefined }): Guard | undefined {
    return this.lock.acquireSync(options);
  }

  /** Acquires the lock if that is possible at once. */
  tryAcquire(): Guard | undefined {
    return this.lock.tryAcquire();
  }

  /** Releases the lock. @throws StateError as the lock does. */
  release(): void {
    this.lock.release();
  }

  /** Runs `critical` while holding the lock: see there. */
  runExclusive<R>(critical: (held: Guard) => R, options?: WaitOptions): Promise<Awaited<R>> {
    return this.lock.runExclusive(critical, options);
  }

  /**
   * Gives the lock back, waits to be notified, and takes the lock again as it was. True when it was notified, false when the
   * time is over, at once for zero or less. Taking the lock again has no limit in time, and no signal ends it.
   *
   * @throws the signal's reason, when it is aborted; the lock is held then, too.
   * @throws StateError when the caller does not hold the lock.
   * @throws TypeError when the timeout is not a number.
   */
  wait(options?: { readonly timeout?: undefined; readonly signal?: AbortSignal | undefined }): Promise<true>;
  wait(options?: WaitOptions): Promise<boolean>;
  async wait(options: WaitOptions = {}): Promise<boolean> {
    const deadline = deadlineOf(options, "wait for a condition");
    const { signal } = options;
    this.#requireLock("wait for");
    signal?.throwIfAborted();
    if (deadline.remaining <= 0) return false;
    this.#waiters.join();
    const suspension = this.lock[suspend]();
    try {
      return await this.#notified(deadline, signal);
    } finally {
      await suspension.resume();
    }
  }

  /**
   * The same, blocking the thread: no task of this same thread can notify meanwhile.
   *
   * @throws StateError when the caller does not hold the lock.
   * @throws TypeError when the timeout is not a number.
   */
  waitSync(options?: { readonly timeout?: undefined }): true;
  waitSync(options?: { readonly timeout?: number | undefined }): boolean;
  waitSync(options?: { readonly timeout?: number | undefined }): boolean {
    const deadline = deadlineOf(options, "wait for a condition");
    this.#requireLock("wait for");
    if (deadline.remaining <= 0) return false;
    this.#waiters.join();
    const suspension = this.lock[suspend]();
    try {
      return this.#notifiedSync(deadline);
    } finally {
      suspension.resumeSync();
    }
  }

  /**
   * Waits until `predicate` returns something true, and returns that; when the time is over, what it returned last. It is
   * called with the lock held, at once and after every notification, and may be asynchronous.
   *
   * @throws what `predicate` throws, and what `wait` does.
   */
  async waitFor<T>(predicate: () => T, options: WaitOptions = {}): Promise<Awaited<T>> {
    const deadline = deadlineOf(options, "wait for a condition");
    const { signal } = options;
    this.#requireLock("wait for");
    for (;;) {
      const result = await predicate();
      const { remaining } = deadline;
      if (result || remaining <= 0) return result;
      await this.wait({ timeout: remaining, signal });
    }
  }

  /** The same, blocking the thread. @throws StateError when `predicate` returns a promise. */
  waitForSync<T>(predicate: () => T, options?: { readonly timeout?: number | undefined }): T {
    const deadline = deadlineOf(options, "wait for a condition");
    this.#requireLock("wait for");
    for (;;) {
      const result = predicate();
      if (result instanceof Promise)
        throw new StateError("Cannot wait for a condition synchronously: its predicate returned a promise; use waitFor()");
      const { remaining } = deadline;
      if (result || remaining <= 0) return result;
      this.waitSync({ timeout: remaining });
    }
  }

  /**
   * Lets up to `count` of those who wait go on, as soon as they get the lock. Does nothing when nobody waits.
   *
   * @throws StateError when the caller does not hold the lock.
   * @throws RangeError when `count` is not a whole number from 0.
   */
  notify(count = 1): void {
    if (!Number.isInteger(count) || count < 0) throw new RangeError(`Cannot notify ${count} waiters: it must be a whole number from 0`);
    this.#requireLock("notify");
    this.#waiters.notify(count);
  }

  /** Lets all of those who wait go on. @throws StateError when the caller does not hold the lock. */
  notifyAll(): void {
    this.#requireLock("notify");
    this.#waiters.notify(Infinity);
  }

  [handleOf](): Handle {
    return { kind: "condition", data: { location: known.sent(this.#block, this), lock: this.lock[handleOf]() } };
  }

  async #notified(deadline: Deadline, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      if (!(await this.#turns.enter(deadline, signal))) return this.#waiters.leave();
      try {
        for (;;) {
          const sleep = this.#waiters.leaveIfNotified();
          if (sleep === undefined) return true;
          const slice = Math.min(attendMs, deadline.remaining);
          if (slice <= 0) return this.#waiters.leave();
          const ended = await this.#block.words.waitAsync(sleep.index, sleep.expected, { timeout: slice, signal });
          if (ended === "timed-out") this.#waiters.rescue();
        }
      } finally {
        this.#turns.leave();
      }
    } catch (error) {
      // Aborted. If it has just been notified, somebody else must be.
      if (this.#waiters.leave()) this.#waiters.notify(1);
      throw error;
    }
  }

  #notifiedSync(deadline: Deadline): boolean {
    for (;;) {
      const sleep = this.#waiters.leaveIfNotified();
      if (sleep === undefined) return true;
      const slice = Math.min(attendMs, deadline.remaining);
      if (slice <= 0) return this.#waiters.leave();
      killPoint("condition.sleeping");
      if (this.#block.words.wait(sleep.index, sleep.expected, slice) === "timed-out") this.#waiters.rescue();
    }
  }

  #requireLock(verb: string): void {
    if (!this.lock[isMine]) throw new StateError(`Cannot ${verb} a condition: the caller does not hold its lock. Acquire it first.`);
  }
}

const known = new Identities<Condition, Lock | RLock>((block, lock) => Reflect.construct(Condition, [lock, block]) as Condition);

/** The condition a handle names. */
export function fromHandle(data: unknown): Condition {
  if (typeof data !== "object" || data === null || !("location" in data && "lock" in data)) throw malformed();
  return known.received(data.location, lockOf(data.lock));
}

function lockOf(handle: unknown): Lock | RLock {
  if (typeof handle !== "object" || handle === null || !("kind" in handle && "data" in handle)) throw malformed();
  if (handle.kind === "lock") return lockFromHandle(handle.data);
  if (handle.kind === "rlock") return rlockFromHandle(handle.data);
  throw malformed();
}

function malformed(): DecodeError {
  return new DecodeError("Cannot read a condition: its handle is malformed.");
}
