/** What `wait` (pipe/wait.ts) asks of an object that one can wait for: a connection, a process, a queue. */

/** The key of the method that returns an object's readiness. The same symbol in every copy of the library. */
export const readiness: unique symbol = Symbol.for("manyhands.readiness");

export interface Readiness {
  /** Whether it is ready now. */
  readonly isReady: boolean;
  /** Resolves when it is worth looking again. Ends its wait, one way or the other, when the signal is aborted. */
  whenReady(signal: AbortSignal): Promise<unknown>;
}

/** An object that `wait` can wait for. */
export interface CanBeReady {
  /** @throws when the object is in no state to be waited for, as when it is closed. */
  [readiness](): Readiness;
}

export function canBeReady(value: unknown): value is CanBeReady {
  return typeof value === "object" && value !== null && readiness in value && typeof value[readiness] === "function";
}
