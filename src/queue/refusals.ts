/** What users of a queue are told when it cannot do what they ask. */
import { ClosedError, EmptyError, FullError, StateError } from "../errors.js";

export function empty(): EmptyError {
  return new EmptyError("Cannot get an item: the queue is empty.");
}

export function full(item: unknown): FullError {
  return new FullError("Cannot put an item: the queue is full.", item);
}

export function closedHere(): ClosedError {
  return new ClosedError("Cannot put an item: the queue was closed here.");
}

/** `what`: what was asked for, as in "put an item". */
export function shutDown(what: string): ClosedError {
  return new ClosedError(`Cannot ${what}: the queue was shut down.`);
}

/** `what`: the method that does not wait. */
export function notLoaded(what: "get" | "lease"): StateError {
  return new StateError(
    `Cannot ${what} an item without waiting: it holds a function or a shared object whose module is not loaded here yet. ` +
      `Use \`await queue.${what}()\`.`,
  );
}
