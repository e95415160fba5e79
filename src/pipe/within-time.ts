/** Ends what is done on a socket when it takes too long. */
import type { Socket } from "node:net";
import { TimeoutError } from "../errors.js";

/** How long a program has to prove itself, in milliseconds, unless it is said otherwise. */
const defaultHandshakeMs = 10_000;

/** The longest delay a timer takes, in milliseconds. */
const longestTimer = 0x7fff_ffff;

export interface TimeLimit {
  /** In milliseconds; `Infinity` is no limit. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
  readonly doing: string;
}

/** Settles as `work` does, which uses the socket; destroys the socket when the time is over or the signal aborted, which ends `work`. */
export async function withinTime<R>(socket: Socket, { timeout, signal, doing }: TimeLimit, work: Promise<R>): Promise<R> {
  // An error that nobody listens for would end the program; whoever reads meets it.
  socket.on("error", () => {});
  const abort = (): void => void socket.destroy(signal?.reason instanceof Error ? signal.reason : undefined);
  const late = new TimeoutError(`Cannot ${doing}: the other side did not answer within ${timeout} ms`, timeout);
  const timer = timeout > longestTimer ? undefined : setTimeout(() => socket.destroy(late), timeout);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await work;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** A number of milliseconds. @throws TypeError | RangeError */
export function checkTime(timeout: unknown = defaultHandshakeMs, doing: string): number {
  if (typeof timeout !== "number" || Number.isNaN(timeout)) {
    throw new TypeError(`Cannot ${doing}: it takes a number of milliseconds, not ${String(timeout)}`);
  }
  if (timeout <= 0) throw new RangeError(`Cannot ${doing}: ${timeout} ms leave no time to answer`);
  return timeout;
}
