/** What a queue may be made with, and what bounds a wait for it. */
import { inspect } from "node:util";
import type { Deadline } from "../memory/deadline.js";

export interface QueueOptions {
  /** Most items that may wait in the queue; `put` waits for room. 0 or `Infinity`: no limit but memory (the default). */
  readonly maxSize?: number | undefined;
}

/** What ends a wait. */
export interface Wait {
  readonly deadline: Deadline;
  readonly signal: AbortSignal | undefined;
}

const largest = 0x7fff_ffff;

/** The limit as the queue keeps it: 0 for none. @throws TypeError | RangeError when it cannot be one. */
export function checkMaxSize(options: QueueOptions): number {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot make a queue: its size is given by an object, as in { maxSize: 10 }, not by ${inspect(options)}`);
  }
  const { maxSize = 0 } = options;
  if (typeof maxSize !== "number") throw new TypeError(`Cannot make a queue: maxSize must be a number, not ${typeof maxSize}`);
  if (maxSize === Infinity) return 0;
  if (!Number.isInteger(maxSize) || maxSize < 0 || maxSize > largest) {
    throw new RangeError(`Cannot make a queue: maxSize must be a whole number from 0 to ${largest}, or Infinity, not ${maxSize}`);
  }
  return maxSize;
}
