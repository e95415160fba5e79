/** A barrier that processes and threads share. Rounds and deaths: rendezvous.ts. */
import { DecodeError, StateError } from "../errors.js";
import { Deadline, deadlineOf } from "../memory/deadline.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { attendMs } from "../memory/holders.js";
import { Identities } from "../memory/identities.js";
import { killPoint } from "../memory/kill-point.js";
import type { WaitOptions } from "../memory/waitable.js";
import { brokenBarrier, maxParties, Rendezvous, type Arrival } from "./rendezvous.js";

export interface BarrierOptions {
  /**
   * Called once a round, by the last party that arrives, before any passes. With `waitSync` it must not return a promise.
   * When it throws, that party gets the error, and the barrier is broken.
   */
  readonly action?: (() => unknown) | undefined;
  /** How many milliseconds a party waits that states no timeout of its own; no limit by default. */
  readonly timeout?: number | undefined;
}

/**
 * A place where `parties` wait for each other: all of them pass when the last has arrived. It can be used any number of times.
 *
 * A party that is killed, whose time is over, or whose wait is aborted breaks the barrier: everybody gets
 * `BrokenBarrierError`, at once and for every later wait, until somebody calls `reset`. A party that is killed is noticed
 * within 50 milliseconds, by those who wait; also one that passed the last round and has not come back. One that ends by itself
 * may be replaced by another. What a party wrote before it arrived is seen by all when they have passed.
 *
 * It travels: as an argument, a result, an item on a queue, or a captured variable, and is the same barrier on arrival; its
 * action goes with it, as a function does that is sent.
 *
 * Python: `multiprocessing.Barrier`, where a party that dies is waited for.
 *
 * @example
 * const barrier = new Barrier(2);
 * const places = await Promise.all([barrier.wait(), barrier.wait()]);
 * assert.deepEqual(places.sort(), [0, 1]);
 */
export class Barrier implements Shareable {
  readonly #rendezvous: Rendezvous;
  readonly #action: (() => unknown) | undefined;

  /**
   * Makes a barrier for so many parties.
   * Without "koffi" the threads of this process share it, and sending it to another process throws UnsupportedError.
   *
   * @throws TypeError when `action` is no function or `timeout` no number.
   * @throws RangeError when `parties` is not a whole number from 1 to 65535.
   * @throws ResourceLimitError when the machine cannot back the memory.
   */
  constructor(parties: number, options?: BarrierOptions);
  constructor(parties: number | Rendezvous, { action, timeout }: BarrierOptions = {}) {
    if (action !== undefined && typeof action !== "function") throw new TypeError("Cannot make a barrier: its action must be a function");
    this.#rendezvous = parties instanceof Rendezvous ? parties : Rendezvous.allocate(checkParties(parties), checkTimeout(timeout));
    this.#action = action;
  }

  /** How many parties it takes to pass. */
  get parties(): number {
    return this.#rendezvous.parties;
  }

  /** How many have arrived and wait for the others. Python: `n_waiting`. */
  get waiting(): number {
    return this.#rendezvous.waiting;
  }

  /** Whether the barrier is broken, or a party has died that had arrived. */
  get broken(): boolean {
    return this.#rendezvous.isBroken;
  }

  /**
   * Waits until all parties have arrived, without blocking the event loop. Returns this party's place: from 0 to
   * parties - 1, another for each party of the round. When all have arrived, neither time nor other parties end the wait for
   * the action.
   *
   * @throws BrokenBarrierError when the barrier is broken or breaks, or when its own time is over, which breaks it.
   * @throws what the action throws, for the party that runs it.
   * @throws the signal's reason, when it is aborted, which breaks the barrier for the others unless all have arrived.
   * @throws TypeError when the timeout is not a number.
   */
  async wait(options: WaitOptions = {}): Promise<number> {
    const deadline = this.#deadline(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const rendezvous = this.#rendezvous;
    const { words } = rendezvous.block;
    let arrival = rendezvous.arrive(this.#manner);
    for (; !arrival.hasPlace; arrival = rendezvous.arrive(this.#manner)) {
      const ended = await words.waitAsync(rendezvous.sleepIndex, arrival.round, { timeout: attendMs, signal });
      if (ended === "timed-out") rendezvous.attend(arrival);
    }
    if (arrival.isToAct) return this.#act(arrival);
    try {
      for (;;) {
        if (this.#isPast(arrival, deadline)) return arrival.index;
        const ended = await words.waitAsync(rendezvous.sleepIndex, arrival.round, { timeout: sliceOf(deadline), signal });
        if (ended === "timed-out") rendezvous.attend(arrival);
      }
    } catch (error) {
      // Aborted: a party has left.
      rendezvous.giveUp(arrival, { isFull: false });
      throw error;
    }
  }

  /**
   * The same, blocking the thread: no task of this same thread can arrive meanwhile.
   *
   * @throws BrokenBarrierError when the barrier is broken or breaks, or when its own time is over, which breaks it.
   * @throws what the action throws, for the party that runs it; StateError when it returns a promise.
   * @throws TypeError when the timeout is not a number.
   */
  waitSync(options: { readonly timeout?: number | undefined } = {}): number {
    const deadline = this.#deadline(options);
    const rendezvous = this.#rendezvous;
    const { words } = rendezvous.block;
    let arrival = rendezvous.arrive(this.#manner);
    for (; !arrival.hasPlace; arrival = rendezvous.arrive(this.#manner)) {
      if (words.wait(rendezvous.sleepIndex, arrival.round, attendMs) === "timed-out") rendezvous.attend(arrival);
    }
    if (arrival.isToAct) return this.#actSync(arrival);
    while (!this.#isPast(arrival, deadline)) {
      killPoint("barrier.sleeping");
      if (words.wait(rendezvous.sleepIndex, arrival.round, sliceOf(deadline)) === "timed-out") rendezvous.attend(arrival);
    }
    return arrival.index;
  }

  /** Makes the barrier as new: whoever waits gets `BrokenBarrierError`, and parties that arrive from now on wait for each other. */
  reset(): void {
    this.#rendezvous.reset();
  }

  /** Breaks the barrier: whoever waits, or comes before the next `reset`, gets `BrokenBarrierError`. */
  abort(): void {
    this.#rendezvous.abort();
  }

  [handleOf](): Handle {
    return { kind: "barrier", data: { location: known.sent(this.#rendezvous.block, this), action: this.#action } };
  }

  get #manner(): { readonly isWithAction: boolean } {
    return { isWithAction: this.#action !== undefined };
  }

  #deadline(options: WaitOptions): Deadline {
    const given = deadlineOf(options, "wait at a barrier");
    return options.timeout === undefined ? new Deadline(this.#rendezvous.timeout, "wait at a barrier") : given;
  }

  /** Whether all have passed. @throws BrokenBarrierError when the round ended badly; at the deadline it does. */
  #isPast(arrival: Arrival, deadline: Deadline): boolean {
    const end = this.#rendezvous.endOf(arrival);
    if (end === "passed") return true;
    if (end === "broken") throw brokenBarrier();
    return deadline.remaining <= 0 && this.#rendezvous.giveUp(arrival, { isFull: false }) && this.#isPast(arrival, deadline);
  }

  async #act(arrival: Arrival): Promise<number> {
    try {
      await this.#action?.();
    } catch (error) {
      this.#rendezvous.giveUp(arrival, { isFull: true });
      throw error;
    }
    return this.#acted(arrival);
  }

  #actSync(arrival: Arrival): number {
    try {
      const result = this.#action?.();
      if (result instanceof Promise)
        throw new StateError("Cannot pass a barrier with waitSync(): its action returned a promise. Use wait().");
    } catch (error) {
      this.#rendezvous.giveUp(arrival, { isFull: true });
      throw error;
    }
    return this.#acted(arrival);
  }

  #acted(arrival: Arrival): number {
    killPoint("barrier.acted");
    if (!this.#rendezvous.pass(arrival)) throw brokenBarrier();
    return arrival.index;
  }
}

/** How long to sleep; beyond the deadline only the action is waited for. */
function sliceOf({ remaining }: Deadline): number {
  return remaining > 0 ? Math.min(attendMs, remaining) : attendMs;
}

function checkParties(parties: unknown): number {
  if (typeof parties !== "number") throw new TypeError(`Cannot make a barrier: its parties must be a number, not ${typeof parties}`);
  if (!Number.isInteger(parties) || parties < 1 || parties > maxParties) {
    throw new RangeError(`Cannot make a barrier: its parties must be a whole number from 1 to ${maxParties}, not ${parties}`);
  }
  return parties;
}

function checkTimeout(timeout: unknown): number {
  if (timeout === undefined) return Infinity;
  if (typeof timeout !== "number" || Number.isNaN(timeout))
    throw new TypeError("Cannot make a barrier: its timeout must be a number of milliseconds");
  return timeout;
}

const known = new Identities<Barrier, BarrierOptions>(
  (block, options) => Reflect.construct(Barrier, [new Rendezvous(block), options]) as Barrier,
);

/** The barrier a handle names. */
export function fromHandle(data: unknown): Barrier {
  if (typeof data !== "object" || data === null || !("location" in data)) throw malformed();
  const action = "action" in data ? data.action : undefined;
  if (!isAction(action)) throw malformed();
  return known.received(data.location, { action });
}

function isAction(value: unknown): value is BarrierOptions["action"] {
  return value === undefined || typeof value === "function";
}

function malformed(): DecodeError {
  return new DecodeError("Cannot read a barrier: its handle is malformed.");
}
