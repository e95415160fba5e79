/**
 * A backend starts workers: as operating-system processes (`process.ts`) or as threads (`thread.ts`). Everything above
 * is written once against this interface; differences are capabilities, never `if (kind === …)`.
 */
import type { Channel } from "../channel/channel.js";
import type { Readable } from "node:stream";

export interface Backend {
  readonly kind: "process" | "thread";
  readonly capabilities: Capabilities;
  /** Starts a worker. @throws WorkerStartError when the operating system refuses. */
  start(options: StartOptions): WorkerHandle;
}

export interface Capabilities {
  /** Signals with arbitrary numbers can be delivered; without it, `terminate` and `kill` both stop the worker at once. */
  readonly hasSignals: boolean;
  /** Its workers are threads of this process: memory goes to them by reference. */
  readonly sharesMemory: boolean;
  /** A crash of native code ends the worker alone. */
  readonly isolatesCrashes: boolean;
}

export interface StartOptions {
  readonly name: string;
  /** Replaces the inherited environment; `undefined` inherits. */
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  /** Node's own flags for the worker; `undefined` inherits the program's, less those a worker must not have. */
  readonly execArgv: readonly string[] | undefined;
  /** What becomes of the worker's standard output and error. */
  readonly stdio: "inherit" | "ignore" | "pipe";
  /** Heap limits, in MiB, as in `worker_threads`; a process gets them as V8 flags. */
  readonly resourceLimits?:
    | { readonly maxOldGenerationSizeMb?: number; readonly maxYoungGenerationSizeMb?: number; readonly stackSizeMb?: number }
    | undefined;
}

/** How a worker ended. */
export interface WorkerExit {
  /** Python's convention: `-N` when killed by signal N. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | undefined;
  /** What the runtime says of it, when it says more than a number: a thread's heap ran full. */
  readonly cause?: unknown;
}

/** The host's half of one running worker. It keeps the event loop alive until `unref`. */
export interface WorkerHandle {
  /** A process's own id; a thread's is the program's. */
  readonly pid: number | undefined;
  readonly threadId: number | undefined;
  readonly channel: Channel;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** How it ended; `undefined` while it runs. */
  readonly exit: WorkerExit | undefined;
  /** Resolves once the worker has ended and every frame it completed has been delivered. Never rejects. */
  readonly exited: Promise<WorkerExit>;
  /** Sends a signal; a thread is stopped and reports `-N` all the same. No effect once it has ended. */
  signal(signal: NodeJS.Signals): void;
  ref(): void;
  unref(): void;
}
