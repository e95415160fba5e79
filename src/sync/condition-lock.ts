/** What a condition needs of its lock. The symbols are the same in every copy of the library. */
import type { Shareable } from "../memory/handle.js";

/** The key of the method that a condition calls. */
export const suspend: unique symbol = Symbol.for("manyhands.suspend");
/** The key of the property that says whether the caller holds the lock. */
export const isMine: unique symbol = Symbol.for("manyhands.isMine");

export interface ConditionLock extends Shareable {
  readonly [isMine]: boolean;
  /** Gives the lock back entirely, however often it was acquired. */
  [suspend](): Suspension;
}

/** Takes a lock as it was before `suspend`, for the same owner. Has no limit in time: a condition returns with its lock held. */
export interface Suspension {
  resume(): Promise<void>;
  resumeSync(): void;
}

export function isConditionLock(value: unknown): value is ConditionLock {
  return typeof value === "object" && value !== null && isMine in value && suspend in value;
}
