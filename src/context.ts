/** Binds the constructors to a backend: the same classes, running processes or threads. */
import { processBackend } from "./backend/process.js";
import { threadBackend } from "./backend/thread.js";
import { BaseProcess, type Target } from "./process/process.js";
import type { ProcessOptions } from "./process/options.js";

/** A function running in an operating-system process of its own. Python: `multiprocessing.Process`. */
export class Process<A extends readonly unknown[] = readonly unknown[], R = unknown> extends BaseProcess<A, R> {
  /** @throws TypeError when the target is no function, args no array, or an option of the wrong type. */
  constructor(target?: Target<A, R>, args?: A, options: ProcessOptions = {}) {
    super(processBackend, target, args, options);
  }
}

/** The same, running in a thread of this process. Python: `multiprocessing.dummy.Process`. */
export class ThreadProcess<A extends readonly unknown[] = readonly unknown[], R = unknown> extends BaseProcess<A, R> {
  /** @throws TypeError when the target is no function, args no array, or an option of the wrong type. */
  constructor(target?: Target<A, R>, args?: A, options: ProcessOptions = {}) {
    super(threadBackend, target, args, options);
  }

  // Users know it by the name under which "manyhands/threads" exports it; default names begin with that.
  static {
    Object.defineProperty(this, "name", { value: "Process" });
  }
}
