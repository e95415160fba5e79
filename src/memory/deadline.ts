/** When a wait ends, and what may say so. */
import { inspect } from "node:util";
import type { WaitOptions } from "./waitable.js";

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

/**
 * When a call's wait ends, by its options.
 *
 * @throws TypeError when they are no object, as a bare number of milliseconds is, or when what is in them is of the wrong type.
 */
export function deadlineOf(options: WaitOptions | undefined, what: string): Deadline {
  checkWaitOptions(options, what);
  return new Deadline(options?.timeout, what);
}

/** The same check, where the timeout is checked elsewhere. */
export function checkWaitOptions(options: unknown, what: string): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot ${what}: what it waits for is said by an object, as in { timeout: 50 }, not by ${inspect(options)}`);
  }
  const signal: unknown = Reflect.get(options, "signal");
  if (signal === undefined || (typeof signal === "object" && signal !== null && "throwIfAborted" in signal)) return;
  throw new TypeError(`Cannot ${what}: the signal must be an AbortSignal`);
}
