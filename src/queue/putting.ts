/** How the calls of one thread put items, and wait for room. */
import type { Deadline } from "../memory/deadline.js";
import { attendMs } from "../memory/holders.js";
import { Spin } from "../memory/spin.js";
import { Turns } from "../memory/turns.js";
import { owned } from "./message.js";
import type { Wait } from "./options.js";
import type { Payload, StoredPayload } from "./payload.js";
import { shutDown } from "./refusals.js";
import type { SharedQueue } from "./shared-queue.js";

/** Whatever is not put in the end is discarded: the files of large items do not stay. */
export class Putting {
  readonly #shared: SharedQueue;
  readonly #turns = new Turns();
  readonly #spin = new Spin();

  constructor(shared: SharedQueue) {
    this.#shared = shared;
  }

  /**
   * Puts an item at once; false when there is no room, or when others wait before: then it is neither put nor discarded.
   *
   * @throws ClosedError when the queue is shut down; ResourceLimitError when the machine cannot back the item.
   */
  now(payload: Payload | StoredPayload): boolean {
    if (!this.#turns.isEmpty) return false;
    try {
      return this.#attempt(payload);
    } catch (error) {
      this.#shared.discard(payload);
      throw error;
    }
  }

  /** Blocks the thread until the item is put; false when the time is over. @throws as `now` does. */
  sync(payload: Payload | StoredPayload, deadline: Deadline): boolean {
    let isPut = false;
    try {
      isPut = this.#attempt(payload) || this.#attemptSoon(payload, deadline) || this.#waitSync(payload, deadline);
    } finally {
      if (!isPut) this.#shared.discard(payload);
    }
    return isPut;
  }

  /**
   * Puts an item after those that wait already, and waits for room; false when the time is over.
   *
   * @throws as `now` does; and the signal's reason.
   */
  async inTurn(payload: Payload | StoredPayload, wait: Wait): Promise<boolean> {
    const own = owned(payload);
    let isPut = false;
    try {
      if (!(await this.#turns.enter(wait.deadline, wait.signal))) return false;
      try {
        isPut = await this.#wait(own, wait);
      } finally {
        this.#turns.leave();
      }
    } finally {
      if (!isPut) this.#shared.discard(own);
    }
    return isPut;
  }

  #attemptSoon(payload: Payload | StoredPayload, { remaining }: Deadline): boolean {
    return remaining > 0 && this.#spin.sees(this.#hasRoom) && this.#attempt(payload);
  }

  #waitSync(payload: Payload | StoredPayload, deadline: Deadline): boolean {
    for (;;) {
      const seen = this.#shared.room.prepare();
      if (this.#attempt(payload)) return true;
      const slice = Math.min(attendMs, deadline.remaining);
      if (slice <= 0) return false;
      this.#shared.room.sleep(seen, slice);
    }
  }

  async #wait(payload: Payload | StoredPayload, { deadline, signal }: Wait): Promise<boolean> {
    for (;;) {
      const seen = this.#shared.room.prepare();
      if (this.#attempt(payload)) return true;
      const slice = Math.min(attendMs, deadline.remaining);
      if (slice <= 0) return false;
      await this.#shared.room.sleepAsync(seen, { timeout: slice, signal });
    }
  }

  readonly #hasRoom = (): boolean => !this.#shared.isFull;

  #attempt(payload: Payload | StoredPayload): boolean {
    const outcome = this.#shared.put(payload);
    if (outcome === "shut-down") throw shutDown("put an item");
    return outcome === "put";
  }
}
