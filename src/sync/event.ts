/**
 * A flag that processes and threads share and wait for.
 *
 *     word 0    even: clear, odd: set; one more with every change       compare-exchange by `set` and `clear`
 *
 *  1. A change is one compare-exchange, so nobody can be killed in the midst of it.
 *  2. A waiter that saw the flag clear is done when the word differs: the flag was set since, even if it was cleared again
 *     before the waiter looked.
 *  3. `set` changes the word, then wakes everybody. Killed between the two: the waiters look every `attendMs`.
 *  4. A waiter leaves no trace in the word, so one that is killed is forgotten at once.
 *  5. Asynchronous waiters of one thread queue up, and the first of them waits on the word: one doorbell a thread.
 */
import { Block } from "../memory/block.js";
import { Deadline, deadlineOf } from "../memory/deadline.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { attendMs } from "../memory/holders.js";
import { Identities } from "../memory/identities.js";
import { killPoint } from "../memory/kill-point.js";
import { readiness, type CanBeReady, type Readiness } from "../memory/readiness.js";
import { Turns } from "../memory/turns.js";
import type { WaitOptions } from "../memory/waitable.js";

/**
 * A flag, clear at first. Some wait for it; others set it, which lets all of them go on.
 *
 * It travels: as an argument, a result, an item on a queue, or a captured variable, and is the same event on arrival.
 * Waiters that are killed are forgotten; a flag that was set stays so when whoever set it is killed. What was written before
 * `set` is seen after the wait it ended.
 *
 * Python: `multiprocessing.Event`; a `set` that is followed at once by `clear` lets go everybody who waited, always.
 *
 * @example
 * const ready = new Event();
 * assert.equal(await ready.wait({ timeout: 1 }), false);
 * ready.set();
 * assert.equal(await ready.wait(), true);
 */
export class Event implements Shareable, CanBeReady {
  readonly #block: Block;
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #turns = new Turns();

  /**
   * Makes an event whose flag is clear.
   * Without "koffi" the threads of this process share it, and sending it to another process throws UnsupportedError.
   *
   * @throws ResourceLimitError when the machine cannot back the memory.
   */
  constructor();
  constructor(block: Block = Block.allocate(4)) {
    this.#block = block;
    this.#int32 = block.words.int32;
    this.#at = block.at;
  }

  /** Whether the flag is set. Python: `is_set()`. */
  get isSet(): boolean {
    return isSet(this.#state);
  }

  /** Sets the flag and lets everybody go on who waits for it. Does nothing when it is set. */
  set(): void {
    if (!this.#changeFrom(false)) return;
    killPoint("event.set");
    this.#block.words.wake(this.#at, Infinity);
  }

  /** Clears the flag: who waits from now on waits for the next `set`. Does nothing when it is clear. */
  clear(): void {
    this.#changeFrom(true);
  }

  /**
   * Waits until the flag is set, without blocking the event loop: true when it is or was set meanwhile, at once if it is
   * set already; false when the time is over.
   *
   * @throws the signal's reason, when it is aborted.
   * @throws TypeError when the timeout is not a number.
   */
  wait(options?: { readonly timeout?: undefined; readonly signal?: AbortSignal | undefined }): Promise<true>;
  wait(options?: WaitOptions): Promise<boolean>;
  async wait(options: WaitOptions = {}): Promise<boolean> {
    const deadline = deadlineOf(options, "wait for an event");
    const { signal } = options;
    signal?.throwIfAborted();
    const seen = this.#state;
    return isSet(seen) || this.#hasChanged(seen, { deadline, signal });
  }

  /** Whether the word is another one before the time is over. */
  async #hasChanged(seen: number, { deadline, signal }: ChangeWait): Promise<boolean> {
    if (!(await this.#turns.enter(deadline, signal))) return this.#state !== seen;
    try {
      while (this.#state === seen) {
        const slice = Math.min(attendMs, deadline.remaining);
        if (slice <= 0) return false;
        await this.#block.words.waitAsync(this.#at, seen, { timeout: slice, signal });
      }
      return true;
    } finally {
      this.#turns.leave();
    }
  }

  /**
   * Blocks the thread until the flag is set: true when it is or was set meanwhile, false when the time is over. A task of
   * this same thread cannot set it meanwhile: where that may be, use `wait` or a timeout.
   *
   * @throws TypeError when the timeout is not a number.
   */
  waitSync(options?: { readonly timeout?: undefined }): true;
  waitSync(options?: { readonly timeout?: number | undefined }): boolean;
  waitSync(options?: { readonly timeout?: number | undefined }): boolean {
    const deadline = deadlineOf(options, "wait for an event");
    const seen = this.#state;
    if (isSet(seen)) return true;
    while (this.#state === seen) {
      const slice = Math.min(attendMs, deadline.remaining);
      if (slice <= 0) return false;
      killPoint("event.sleeping");
      this.#block.words.wait(this.#at, seen, slice);
    }
    return true;
  }

  /** For `wait`: an event is ready when it is set, or was set since it was asked. */
  [readiness](): Readiness {
    const seen = this.#state;
    const isReady = (): boolean => isSet(seen) || this.#state !== seen;
    return {
      get isReady() {
        return isReady();
      },
      whenReady: (signal) => this.#hasChanged(seen, { deadline: new Deadline(undefined, "wait for an event"), signal }),
    };
  }

  [handleOf](): Handle {
    return { kind: "event", data: known.sent(this.#block, this) };
  }

  get #state(): number {
    return Atomics.load(this.#int32, this.#at);
  }

  /** Moves the word on if the flag is as given; false when it is not. */
  #changeFrom(wasSet: boolean): boolean {
    for (;;) {
      const seen = this.#state;
      if (isSet(seen) !== wasSet) return false;
      if (Atomics.compareExchange(this.#int32, this.#at, seen, (seen + 1) | 0) === seen) return true;
    }
  }
}

interface ChangeWait {
  readonly deadline: Deadline;
  readonly signal: AbortSignal | undefined;
}

function isSet(state: number): boolean {
  return (state & 1) === 1;
}

const known = new Identities<Event>((block) => Reflect.construct(Event, [block]) as Event);

/** The event a handle names. */
export function fromHandle(data: unknown): Event {
  return known.received(data);
}
