/** Two connected ends. */
import { RingEnd } from "../channel/ring-end.js";
import type { Connection } from "./connection.js";
import { pipeEnd } from "./pipe-end.js";

export interface PipeOptions {
  /** `true` (the default): both ends send and receive; `false`: the first only receives, the second only sends. */
  readonly duplex?: boolean | undefined;
}

/**
 * Makes two connections: what one sends, the other receives, in order. Give one of them to another process or thread, as an
 * argument, on a queue, or through another pipe; close the one that is not needed here, so that the other can see the end.
 *
 * Messages go through shared memory, 64 KiB of it in each direction. Python: `multiprocessing.Pipe`; also here the first end of a
 * pipe that is not duplex is the one that receives.
 *
 * @throws TypeError when `duplex` is not a boolean.
 * @throws UnsupportedError where memory cannot be shared between processes.
 * @throws ResourceLimitError when the machine cannot back the memory.
 * @example
 * const [here, there] = Pipe<number>();
 * const doubler = new Process(async (numbers: Connection<number>) => {
 *   for await (const number of numbers) await numbers.send(number * 2);
 * }, [there]).start();
 * there.close();
 * await here.send(21);
 * assert.equal(await here.recv(), 42);
 * here.close();
 * assert.equal(await doubler.join(), 0);
 */
export function Pipe<T = unknown>({ duplex = true }: PipeOptions = {}): [Connection<T>, Connection<T>] {
  if (typeof duplex !== "boolean") throw new TypeError("Cannot make a pipe: duplex must be true or false");
  const [first, second] = RingEnd.pair();
  return [pipeEnd<T>(first, { canRead: true, canWrite: duplex }), pipeEnd<T>(second, { canRead: duplex, canWrite: true })];
}
