/** How the calls of one thread take items, and wait for them. */
import type { Deadline } from "../memory/deadline.js";
import { attendMs } from "../memory/holders.js";
import type { Readiness } from "../memory/readiness.js";
import { Spin } from "../memory/spin.js";
import { Turns } from "../memory/turns.js";
import type { Wait } from "./options.js";
import { empty, shutDown } from "./refusals.js";
import type { SharedQueue } from "./shared-queue.js";

export class Taking {
  readonly #shared: SharedQueue;
  readonly #turns = new Turns();
  readonly #spin = new Spin();

  constructor(shared: SharedQueue) {
    this.#shared = shared;
  }

  /** Whether no wait of this thread is before a call that comes now. */
  get isFree(): boolean {
    return this.#turns.isEmpty;
  }

  /** Looks for a moment whether there comes something to take. */
  awaitsSoon(): boolean {
    return this.#spin.sees(this.#hasItems);
  }

  /** Blocks the thread until `look` finds something. @throws EmptyError when the time is over; ClosedError when nothing will come. */
  sync<Found>(look: () => Found | undefined, deadline: Deadline): Found {
    const first = look() ?? (deadline.remaining > 0 && this.awaitsSoon() ? look() : undefined);
    if (first !== undefined) return first;
    for (;;) {
      const seen = this.#shared.items.prepare();
      const found = this.#lastLook(look);
      if (found !== undefined) return found;
      const slice = Math.min(attendMs, deadline.remaining);
      if (slice <= 0) throw empty();
      this.#shared.items.sleep(seen, slice);
    }
  }

  /** Waits until `look` finds something, after those that wait already. @throws as `sync` does, and the signal's reason. */
  async inTurn<Found>(look: () => Found | undefined, { deadline, signal }: Wait): Promise<Found> {
    if (!(await this.#turns.enter(deadline, signal))) throw empty();
    try {
      for (;;) {
        const seen = this.#shared.items.prepare();
        const found = this.#lastLook(look);
        if (found !== undefined) return found;
        const slice = Math.min(attendMs, deadline.remaining);
        if (slice <= 0) throw empty();
        await this.#shared.items.sleepAsync(seen, { timeout: slice, signal });
      }
    } finally {
      this.#turns.leave();
    }
  }

  /** For `wait`: whether a call that takes would not wait. */
  readiness(): Readiness {
    const isReady = (): boolean => this.#shared.isShutDown || this.#shared.lookForItems();
    return {
      get isReady() {
        return isReady();
      },
      whenReady: async (signal) => {
        for (;;) {
          const seen = this.#shared.items.prepare();
          // Whoever was woken and takes nothing wakes the next one; also when the wait is over just then.
          if (isReady()) return this.#shared.items.announce();
          if (signal.aborted) return;
          await this.#shared.items.sleepAsync(seen, { timeout: attendMs, signal }).catch(() => {});
        }
      },
    };
  }

  readonly #hasItems = (): boolean => this.#shared.hasItems;

  /** A look before sleeping. @throws ClosedError when nothing will come any more. */
  #lastLook<Found>(look: () => Found | undefined): Found | undefined {
    // Asked before it looks: what was put before the shutdown is still there.
    const { isShutDown } = this.#shared;
    const found = look();
    if (found === undefined && isShutDown) throw shutDown("get an item");
    return found;
  }
}
