/**
 * Looks again and again, for a moment, before a wait goes to sleep.
 *
 * A sleep is dear to both sides: the sleeper is late by tens of microseconds, and the other one makes a system call to wake it.
 * A peer that is at work on another core is often done before that. Where looking is in vain, because the peer is slow or has
 * no core of its own, it is tried more and more rarely.
 */

/** In milliseconds: about what a sleep costs. */
const momentMs = 0.03;
/** Looks for each look at the clock, which costs as much as several of them. */
const looksPerClock = 20;
/** After looking in vain often enough, one wait in so many looks. */
const mostSkips = 127;

/** How many other calls one that looks for a moment counts for, where it matters how long they keep the event loop. */
export const spinWeight = 16;

export class Spin {
  /** How many waits will not look. */
  #skips = 0;
  /** How many that will be after the next time in vain. */
  #penalty = 1;

  /** Whether it comes true within a moment; false without a look where that has been in vain lately. */
  sees(isTrue: () => boolean): boolean {
    if (this.#skips > 0) {
      this.#skips--;
      return false;
    }
    const end = performance.now() + momentMs;
    do {
      for (let look = 0; look < looksPerClock; look++) {
        if (!isTrue()) continue;
        this.#penalty = 1;
        return true;
      }
    } while (performance.now() < end);
    this.#skips = this.#penalty;
    this.#penalty = Math.min(2 * this.#penalty + 1, mostSkips);
    return false;
  }
}
