import { checkWaitOptions } from "../memory/deadline.js";
import { Settlement } from "../memory/settlement.js";
import { startTimer } from "../platform/timer.js";

/** How long to wait, and what may end the wait early. */
export interface WaitOptions {
  /** Milliseconds; 0 or less asks without waiting, `undefined` waits for as long as it takes. */
  readonly timeout?: number | undefined;
  /** Aborts the wait, and nothing but the wait. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until `promise` has settled, either way: `true`; or until `timeout` milliseconds are over: `false`.
 * @throws the reason of `signal` when that aborts first.
 */
export async function waitFor(promise: Promise<unknown>, options: WaitOptions): Promise<boolean> {
  checkWaitOptions(options, "wait");
  const { timeout, signal } = options;
  signal?.throwIfAborted();
  const end = await new Promise<"settled" | "over" | "aborted">((resolve) => {
    const finish = (how: "settled" | "over" | "aborted"): void => {
      callOff();
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      resolve(how);
    };
    const onAbort = (): void => finish("aborted");
    const timer = timeout === undefined || timeout === Infinity ? undefined : startTimer(timeout, () => finish("over"));
    signal?.addEventListener("abort", onAbort, { once: true });
    const callOff = Settlement.of(promise).onSettled(() => finish("settled"));
  });
  if (end === "aborted") signal?.throwIfAborted();
  return end === "settled";
}
