/** A lock as its guards see it. */
export interface Guarded {
  release(): void;
  /** Whether its holder died while it was given back for a condition's wait, after which it was taken again for the same guards. */
  readonly [abandonedMeanwhile]?: boolean;
}

export const abandonedMeanwhile: unique symbol = Symbol("abandoned meanwhile");

/** A lock that is held. Ends with its scope: `using held = await lock.acquire()`. */
export class Guard implements Disposable {
  readonly #wasAbandoned: boolean;
  #lock: Guarded | undefined;

  /** Made by the lock, for whoever acquired it. It keeps the lock alive. */
  constructor(wasAbandoned: boolean, lock: Guarded) {
    this.#wasAbandoned = wasAbandoned;
    this.#lock = lock;
  }

  /**
   * Whether the previous holder died while it held the lock. What the lock protects may then be half-changed: check it, or make it
   * anew. The lock itself is in order. Look again after a `wait` of a condition: it may have happened meanwhile.
   */
  get abandoned(): boolean {
    return this.#wasAbandoned || this.#lock?.[abandonedMeanwhile] === true;
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
