/** Tells a guard that its lock was abandoned while it was given back for a wait. */
export let markAbandoned: (guard: Guard) => void;

/** A lock that is held. Ends with its scope: `using held = await lock.acquire()`. */
export class Guard implements Disposable {
  #isAbandoned: boolean;
  #lock: { release(): void } | undefined;

  static {
    markAbandoned = (guard) => {
      guard.#isAbandoned = true;
    };
  }

  /** Made by the lock, for whoever acquired it. It keeps the lock alive. */
  constructor(abandoned: boolean, lock: { release(): void }) {
    this.#isAbandoned = abandoned;
    this.#lock = lock;
  }

  /**
   * Whether the previous holder died while it held the lock. What the lock protects may then be half-changed: check it, or make it
   * anew. The lock itself is in order. Look again after a `wait` of a condition: it may have happened meanwhile.
   */
  get abandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Whether the lock has not been released through this guard yet. */
  get isHeld(): boolean {
    return this.#lock !== undefined;
  }

  /** Gives the lock back. Further calls do nothing. */
  release(): void {
    const lock = this.#lock;
    this.#lock = undefined;
    lock?.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
