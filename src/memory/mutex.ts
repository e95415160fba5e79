/**
 * A lock in four words of shared memory, which a dead holder does not keep.
 *
 *     word 0   holder id : 29 | handoff : 1 | waiters : 1      compare-exchange, all
 *     word 1   id of the starving waiter, 0 when none          compare-exchange, all; cleared by that waiter
 *     word 2   how often the lock was handed off               add, by whoever releases
 *     word 3   not used
 *
 *  1. Free is 0, so taking and giving back a lock that nobody waits for is one compare-exchange each and no system call.
 *  2. A waiter sets `waiters` before it sleeps on word 0. Who releases a word with `waiters` sets it to 0 and wakes one.
 *     Who takes the lock after having slept sets `waiters` again, since it does not know whether others still sleep.
 *  3. A waiter that has waited for `starvingMs` becomes the starving one, if none is, and sets `handoff`. While that is set
 *     a free lock goes to it alone, so nobody passes it by. It sleeps on word 2, where only it is woken. So every waiter
 *     gets the lock after each of the others had it once or so; between `starvingMs` the order is whoever comes first, which
 *     is what makes it fast.
 *  4. Every sleep is a slice of `attendMs`, after which the waiter looks again. This covers all deaths:
 *       holder killed                            the word names an id that is gone: the waiter exchanges it for its own
 *       killed after release, before the wake    the word is free: the waiter takes it
 *       killed after being woken                 the same
 *       starving waiter killed                   `handoff` is set for an id that is gone: whoever looks takes the lock
 *       killed after `handoff` fell, word 1 set  the next one that starves exchanges an id that is gone
 *  5. A starving waiter that lives may be unable to take what was handed to it: it is stopped, or its event loop is busy. Who has seen
 *     one and the same hand-off for `handoffMs` passes it on: it clears word 1, then takes the lock in one compare-exchange of word
 *     0, which only one wins, be it the receiver after all. Killed between the two: the lock is free, handed to nobody, and whoever
 *     looks takes it. The receiver, when it comes, starves again.
 *  6. Asynchronous waiters of one thread queue up here and only the first of them waits on the words: a release wakes one.
 */
import { StateError } from "../errors.js";
import type { Deadline } from "./deadline.js";
import { attendMs, type Holders } from "./holders.js";
import { killPoint } from "./kill-point.js";
import { Turns } from "./turns.js";
import type { Words } from "./waitable.js";

/** How many words of shared memory a mutex needs. */
export const mutexWords = 4;

/** Whether the lock was got, and how: `"abandoned"` when its holder had died. */
export type Acquisition = "acquired" | "abandoned" | undefined;

const waitersBit = 1;
const handoffBit = 2;
const flagBits = 2;
/** A waiter looks for so many milliseconds before it sleeps: a holder on another core is often done by then, and a sleep costs more. */
const spinMs = 0.02;
/** Turns of an empty loop from the first look to the second, and at most from one to the next; a turn is about a nanosecond. */
const firstPause = 32;
const longestPause = 1024;
/** After this long a waiter is starving; a few context switches. */
const starvingMs = 5;
/** A lock that was handed to somebody who does not take it for so long passes on. Longer than a busy machine takes to let a process run. */
const handoffMs = 50;

export class Mutex {
  readonly #words: Words;
  readonly #int32: Int32Array;
  readonly #at: number;
  readonly #holders: Holders;
  readonly #mine: number;
  readonly #turns = new Turns();
  #nextCheck = 0;
  /** The hand-off to another that was seen last: word 2, and since when it has been seen. */
  #handoff = -1;
  #handoffSince = 0;

  /** `at` is the first of its words, which were 0 when the memory was made. */
  constructor(words: Words, at: number, holders: Holders) {
    this.#words = words;
    this.#int32 = words.int32;
    this.#at = at;
    this.#holders = holders;
    this.#mine = holders.self << flagBits;
  }

  /** Whether somebody holds it who is not dead; about 15 microseconds when that is another thread. */
  get isLocked(): boolean {
    const holder = Atomics.load(this.#int32, this.#at) >>> flagBits;
    return holder !== 0 && !this.#holders.isGone(holder);
  }

  /** Whether this thread holds it. */
  get isMine(): boolean {
    return Atomics.load(this.#int32, this.#at) >>> flagBits === this.#holders.self;
  }

  /** Takes the lock if nobody has it. */
  tryAcquire(): Acquisition {
    if (this.#takeFree()) return "acquired";
    const taken = this.#attempt();
    if (taken !== undefined || performance.now() < this.#nextCheck) return taken;
    this.#nextCheck = performance.now() + attendMs;
    return this.#recover();
  }

  /**
   * Blocks the thread until it has the lock; `undefined` when the time is over, or when `isEnough`, asked whenever it has slept for
   * `attendMs`, says that there is no need for the lock any more.
   */
  acquireSync(deadline: Deadline | undefined, isEnough?: () => boolean): Acquisition {
    if (this.#takeFree()) return "acquired";
    if (this.#spin()) return "acquired";
    const contender = new Contender();
    try {
      for (;;) {
        const sleep = this.#contend(contender);
        if (typeof sleep === "string") return sleep;
        const slice = Math.min(attendMs, deadline?.remaining ?? Infinity);
        if (slice <= 0) return this.#recover();
        killPoint("mutex.sleeping");
        contender.look(this.#words.wait(sleep.index, sleep.expected, slice));
        if (contender.isDue && isEnough?.() === true) return undefined;
      }
    } finally {
      this.#stopStarving();
    }
  }

  /** Takes the lock if nobody has it; what `acquire` tries before it waits. */
  takeFree(): boolean {
    return this.#turns.isEmpty && this.#takeFree();
  }

  /** Waits for the lock without blocking the event loop; in turn with the others that do so in this thread. */
  async acquire(deadline: Deadline, signal: AbortSignal | undefined, isEnough?: () => boolean): Promise<Acquisition> {
    if (!(await this.#turns.enter(deadline, signal))) return undefined;
    const contender = new Contender();
    try {
      for (;;) {
        const sleep = this.#contend(contender);
        if (typeof sleep === "string") return sleep;
        const slice = Math.min(attendMs, deadline.remaining);
        if (slice <= 0) return this.#recover();
        contender.look(await this.#words.waitAsync(sleep.index, sleep.expected, { timeout: slice, signal }));
        if (contender.isDue && isEnough?.() === true) return undefined;
      }
    } finally {
      this.#stopStarving();
      this.#turns.leave();
    }
  }

  /** Gives the lock back, whoever holds it. @throws StateError when nobody does. */
  release(): void {
    if (Atomics.compareExchange(this.#int32, this.#at, this.#mine, 0) === this.#mine) return;
    for (;;) {
      const seen = Atomics.load(this.#int32, this.#at);
      if (seen >>> flagBits === 0) throw new StateError("Cannot release a lock: nobody holds it.");
      const handoff = (seen & handoffBit) !== 0;
      if (Atomics.compareExchange(this.#int32, this.#at, seen, handoff ? handoffBit | waitersBit : 0) !== seen) continue;
      killPoint("mutex.released");
      if (handoff) {
        Atomics.add(this.#int32, this.#at + 2, 1);
        this.#words.wake(this.#at + 2, 1);
      } else if ((seen & waitersBit) !== 0) {
        this.#words.wake(this.#at, 1);
      }
      return;
    }
  }

  #takeFree(): boolean {
    return Atomics.compareExchange(this.#int32, this.#at, 0, this.#mine) === 0;
  }

  /** Looks for a moment, more and more rarely: each look takes the word away from the core of a holder that is at work with it. */
  #spin(): boolean {
    const end = performance.now() + spinMs;
    let pause = firstPause;
    do {
      for (let turn = 0; turn < pause; turn++);
      if (Atomics.load(this.#int32, this.#at) === 0 && this.#takeFree()) return true;
      pause = Math.min(2 * pause, longestPause);
    } while (performance.now() < end);
    return false;
  }

  /** One look of a waiter: the lock if it can be had, else where to sleep. */
  #contend(contender: Contender): "acquired" | "abandoned" | Sleep {
    const handoffs = Atomics.load(this.#int32, this.#at + 2);
    if (contender.isDue) {
      const taken = this.#recover();
      if (taken !== undefined) return taken;
    }
    const isStarving = contender.isStarving && this.#starve();
    for (;;) {
      const taken = this.#attempt();
      if (taken !== undefined) return taken;
      const seen = Atomics.load(this.#int32, this.#at);
      const wanted = seen | waitersBit | (isStarving ? handoffBit : 0);
      if (seen >>> flagBits === 0 && (seen & handoffBit) === 0) continue;
      if (seen !== wanted && Atomics.compareExchange(this.#int32, this.#at, seen, wanted) !== seen) continue;
      killPoint("mutex.announced");
      return isStarving ? { index: this.#at + 2, expected: handoffs } : { index: this.#at, expected: wanted };
    }
  }

  /** Takes a lock that is free, or free for the starving waiter if that is this thread. */
  #attempt(): "acquired" | undefined {
    for (;;) {
      const seen = Atomics.load(this.#int32, this.#at);
      if (seen >>> flagBits !== 0) return undefined;
      if ((seen & handoffBit) !== 0 && Atomics.load(this.#int32, this.#at + 1) !== this.#holders.self) {
        this.#noteHandoff();
        return undefined;
      }
      // Others may sleep, and this thread cannot know: `waiters` is set so that its release looks.
      if (Atomics.compareExchange(this.#int32, this.#at, seen, this.#mine | waitersBit) === seen) {
        killPoint("mutex.taken");
        return "acquired";
      }
    }
  }

  #noteHandoff(): void {
    const handoff = Atomics.load(this.#int32, this.#at + 2);
    if (handoff === this.#handoff) return;
    this.#handoff = handoff;
    this.#handoffSince = performance.now();
  }

  /** Whether the hand-off that was seen last is still the last one, and old. */
  get #isUntaken(): boolean {
    return Atomics.load(this.#int32, this.#at + 2) === this.#handoff && performance.now() - this.#handoffSince >= handoffMs;
  }

  /** Takes the lock from a dead holder, or from a waiter to which it was handed off and which is dead or does not take it. */
  #recover(): Acquisition {
    const seen = Atomics.load(this.#int32, this.#at);
    const holder = seen >>> flagBits;
    if (holder === 0 && (seen & handoffBit) === 0) return this.#attempt();
    const whose = holder === 0 ? Atomics.load(this.#int32, this.#at + 1) : holder;
    if (whose !== 0 && !this.#holders.isGone(whose)) {
      if (holder !== 0 || !this.#isUntaken) return undefined;
      Atomics.compareExchange(this.#int32, this.#at + 1, whose, 0);
      killPoint("mutex.passing-on");
    }
    const mine = this.#mine | waitersBit | (holder === 0 ? 0 : seen & handoffBit);
    if (Atomics.compareExchange(this.#int32, this.#at, seen, mine) !== seen) return undefined;
    killPoint("mutex.recovered");
    return holder === 0 ? "acquired" : "abandoned";
  }

  /** Becomes the starving waiter, unless another one that lives is. */
  #starve(): boolean {
    const { self } = this.#holders;
    const seen = Atomics.compareExchange(this.#int32, this.#at + 1, 0, self);
    if (seen === 0 || seen === self) return true;
    if (!this.#holders.isGone(seen)) return false;
    return Atomics.compareExchange(this.#int32, this.#at + 1, seen, self) === seen;
  }

  /** Ends what `#starve` began: the lock was got, or given up. */
  #stopStarving(): void {
    if (Atomics.load(this.#int32, this.#at + 1) !== this.#holders.self) return;
    for (;;) {
      const seen = Atomics.load(this.#int32, this.#at);
      if ((seen & handoffBit) === 0) break;
      if (Atomics.compareExchange(this.#int32, this.#at, seen, seen & ~handoffBit) !== seen) continue;
      // It was handed off to this waiter, which gave up.
      if (seen >>> flagBits === 0) this.#words.wake(this.#at, 1);
      break;
    }
    killPoint("mutex.fed");
    Atomics.compareExchange(this.#int32, this.#at + 1, this.#holders.self, 0);
  }
}

interface Sleep {
  readonly index: number;
  readonly expected: number;
}

/** How long one waiter has waited, and whether it is time to look after the dead. */
class Contender {
  readonly #since = performance.now();
  isDue = false;

  get isStarving(): boolean {
    return performance.now() - this.#since > starvingMs;
  }

  look(result: string): void {
    this.isDue = result === "timed-out";
  }
}
