/** Waits for the first of several things. */
import { setMaxListeners } from "node:events";
import { deadlineOf, type Deadline } from "../memory/deadline.js";
import { canBeReady, readiness, type CanBeReady, type Readiness } from "../memory/readiness.js";
import { Settlement } from "../memory/settlement.js";
import type { WaitOptions } from "../memory/waitable.js";

export type { CanBeReady };

/**
 * Waits until at least one of the objects is ready, and returns all that are, in the order of the list:
 *
 *  - a connection, when there is something to receive, or nothing will come any more
 *  - a listener, when there is somebody to accept
 *  - a queue, when there is an item to get, or it was shut down
 *  - an event, when it is set, or was set since the call
 *  - a process, when it has ended
 *  - a promise or a task, when it has settled, either way
 *  - any object with a method of the name `Symbol.for("manyhands.readiness")`
 *
 * Nothing is consumed, so others may be faster to take what was there. Nothing is left behind on objects that were not ready, however
 * often they are waited for. An object that is listed twice is returned once. When `timeout` milliseconds are over it returns an
 * empty array; zero or less looks once. An empty list waits out the timeout.
 *
 * Python: `multiprocessing.connection.wait`, which rejects an object that is listed twice.
 *
 * @throws the signal's reason, when it is aborted.
 * @throws ClosedError when one of the connections, listeners or process objects is closed, StateError when it cannot be received from.
 * @throws TypeError when an object cannot be waited for, or when the list is empty and there is no timeout.
 * @example
 * const [receiver, sender] = Pipe<string>({ duplex: false });
 * assert.deepEqual(await wait([receiver], { timeout: 0 }), []);
 * await sender.send("hello");
 * assert.deepEqual(await wait([receiver, new Promise(() => {})]), [receiver]);
 */
export async function wait<T extends CanBeReady | PromiseLike<unknown>>(objects: Iterable<T>, options: WaitOptions = {}): Promise<T[]> {
  const deadline = deadlineOf(options, "wait");
  const { timeout, signal } = options;
  signal?.throwIfAborted();
  const watched = new Map([...objects].map((object) => [object, readinessOf(object)]));
  if (watched.size === 0 && timeout === undefined)
    throw new TypeError("Cannot wait for nothing: the list is empty, and there is no timeout");
  // A promise that has settled says so in a later microtask only.
  await Promise.resolve();
  for (;;) {
    const ready = [...watched].filter(([, state]) => state.isReady).map(([object]) => object);
    if (ready.length > 0 || deadline.remaining <= 0) return ready;
    await firstChange([...watched.values()], deadline, signal);
  }
}

function readinessOf(object: unknown): Readiness {
  if (canBeReady(object)) return object[readiness]();
  if (isThenable(object)) return Settlement.of(object);
  throw new TypeError(
    "Cannot wait for that: it must be a connection, a listener, a queue, an event, a process, a promise, or another object that can become ready",
  );
}

/** Returns when one of them may be ready, or the time is over. @throws the signal's reason. */
async function firstChange(states: readonly Readiness[], deadline: Deadline, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const over = new AbortController();
  // One listener for each of the objects, however many they are.
  setMaxListeners(0, over.signal);
  const waits = states.map((state) => state.whenReady(over.signal));
  try {
    await Promise.race([...waits, endOf(deadline, over.signal), ...(signal === undefined ? [] : [abortOf(signal, over.signal)])]);
  } finally {
    over.abort();
    await Promise.allSettled(waits);
  }
  signal?.throwIfAborted();
}

function endOf(deadline: Deadline, over: AbortSignal): Promise<void> {
  const { remaining } = deadline;
  return new Promise((resolve) => {
    if (remaining === Infinity) return;
    const timer = setTimeout(resolve, Math.min(remaining, longestTimer));
    over.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}

function abortOf(signal: AbortSignal, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true, signal: over }));
}

/** The longest delay a timer takes, in milliseconds. */
const longestTimer = 0x7fff_ffff;

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
