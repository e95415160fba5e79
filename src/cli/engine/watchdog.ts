/**
 * Notices an item that runs too long. It cannot know when an item began, only that the chunk's journal has not grown; so
 * it looks several times within the allowed time and barks once nothing has moved for as many looks as make up that time.
 * It is never early, and late by at most two looks. Looks are counted, not clocked: a machine that slept, or a program
 * stopped by Ctrl-Z, has used one look, not hours.
 */
export class Watchdog {
  readonly #allowedLooks: number;
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined;

  /** `timeout` is in milliseconds. */
  constructor(timeout: number) {
    this.#interval = Math.max(timeout / looksInTimeout, shortestInterval);
    this.#allowedLooks = Math.ceil(timeout / this.#interval);
  }

  /** `look` tells how far the work has come, in any unit; 0 means that it has not begun, and no time counts. */
  watch(look: () => number, bark: () => void): void {
    let seen = 0;
    let idleLooks = 0;
    this.#timer = setInterval(() => {
      const now = look();
      idleLooks = now === seen && now > 0 ? idleLooks + 1 : 0;
      seen = now;
      if (idleLooks < this.#allowedLooks) return;
      this.stop();
      bark();
    }, this.#interval);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const looksInTimeout = 8;
/** Milliseconds. */
const shortestInterval = 5;
