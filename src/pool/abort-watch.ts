/**
 * Listens to abort signals on behalf of many tasks: one listener for each signal, however many tasks wait on it, and none
 * once the last of them has ended. A listener a task would make Node warn of a leak past ten.
 */
export class AbortWatch {
  readonly #watches = new Map<AbortSignal, Watch>();

  /** Calls `onAbort` with the signal's reason when it aborts, until the returned function is called. */
  add(signal: AbortSignal, onAbort: OnAbort): () => void {
    const watch = this.#watches.get(signal) ?? this.#open(signal);
    watch.waiting.add(onAbort);
    return () => {
      if (watch.waiting.delete(onAbort) && watch.waiting.size === 0) this.#close(signal, watch);
    };
  }

  #open(signal: AbortSignal): Watch {
    const waiting = new Set<OnAbort>();
    const listener = (): void => {
      this.#close(signal, watch);
      // A callback may take others out of the set, which iteration over a set allows.
      for (const onAbort of waiting) if (waiting.delete(onAbort)) onAbort(signal.reason);
    };
    const watch: Watch = { waiting, listener };
    this.#watches.set(signal, watch);
    signal.addEventListener("abort", listener);
    return watch;
  }

  #close(signal: AbortSignal, { listener }: Watch): void {
    signal.removeEventListener("abort", listener);
    this.#watches.delete(signal);
  }
}

type OnAbort = (reason: unknown) => void;

interface Watch {
  readonly waiting: Set<OnAbort>;
  readonly listener: () => void;
}
