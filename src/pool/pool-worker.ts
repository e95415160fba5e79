/** Starts one worker of a pool, and has it run the pool's initializer before it counts as ready. */
import type { Backend, StartOptions } from "../backend/backend.js";
import { type LinkAnswer, type LinkEnd, type LinkListener, WorkerLink, type LinkWork } from "../backend/worker-link.js";
import { childIdentity, nextPath } from "../process/identity.js";
import type { WorkerDriver } from "./worker-slot.js";

export interface PoolWorkerOptions {
  readonly backend: Backend;
  readonly start: StartOptions;
  /** The call of the initializer, encoded. */
  readonly initializer: LinkWork | undefined;
}

/** @throws WorkerStartError when the operating system refuses to start a worker. */
export function startPoolWorker(options: PoolWorkerOptions, listener: LinkListener): WorkerDriver<LinkWork> {
  const { backend, start, initializer } = options;
  const identity = childIdentity({ name: start.name, daemon: true, role: "pool", path: nextPath() });
  const watcher = initializer === undefined ? listener : new InitializerWatch(initializer, listener);
  const link = new WorkerLink(backend, { ...start, identity }, watcher);
  if (watcher instanceof InitializerWatch) watcher.link = link;
  link.unref();
  return link;
}

class InitializerWatch implements LinkListener {
  readonly #initializer: LinkWork;
  readonly #listener: LinkListener;
  #isInitialized = false;
  #failure: { readonly startError: unknown } | undefined;
  link: WorkerLink | undefined;

  constructor(initializer: LinkWork, listener: LinkListener) {
    this.#initializer = initializer;
    this.#listener = listener;
  }

  onReady(): void {
    try {
      this.link?.send(initializerTaskId, this.#initializer);
    } catch {
      // The worker has just died; its end is on the way.
    }
  }

  onAnswer(taskId: number, answer: LinkAnswer): void {
    if (this.#isInitialized) {
      this.#listener.onAnswer(taskId, answer);
    } else if (answer.kind === "error") {
      this.#failure = { startError: answer.error };
      // It has run no task, so it has nothing to save.
      this.link?.signal("SIGKILL");
    } else {
      this.#isInitialized = true;
      this.#listener.onReady();
    }
  }

  onEnd(end: LinkEnd): void {
    this.#listener.onEnd({ ...end, ...this.#failure });
  }
}

/** Tasks count from 1. */
const initializerTaskId = 0;
