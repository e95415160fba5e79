/** The end of a wait. */
export class Deadline {
  readonly #at: number;

  /**
   * `timeout` in milliseconds; `undefined` is no limit, zero or less is "try once". `what` is the call, for the message.
   *
   * @throws TypeError when `timeout` is not a number.
   */
  constructor(timeout: number | undefined, what: string) {
    if (timeout !== undefined && (typeof timeout !== "number" || Number.isNaN(timeout))) {
      throw new TypeError(`Cannot ${what}: the timeout must be a number of milliseconds, not ${String(timeout)}`);
    }
    this.#at = timeout === undefined ? Infinity : performance.now() + Math.max(0, timeout);
  }

  /** Milliseconds left: `Infinity` without a limit, 0 when it has passed. */
  get remaining(): number {
    return this.#at === Infinity ? Infinity : Math.max(0, this.#at - performance.now());
  }
}
