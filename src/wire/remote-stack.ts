/** Says where an error that came from a worker happened. */

/**
 * Adds a line to the error's stack, under those of the worker: `    in worker PoolWorker-1 (pid 123)`.
 * Does nothing for what is not an error, or has no stack that can be written.
 */
export function noteOrigin(error: unknown, origin: string): void {
  if (!(error instanceof Error) || typeof error.stack !== "string") return;
  Reflect.set(error, "stack", `${error.stack}\n    in worker ${origin}`);
}
