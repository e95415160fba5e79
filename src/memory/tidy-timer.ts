/** Looks now and then whether something is still in use, as long as there is something. Keeps no process alive. */
export class TidyTimer {
  readonly #interval: number;
  readonly #tidy: () => boolean;
  #isRunning = false;

  /** `tidy` is called every `interval` milliseconds after `start`, until it says that nothing is left. */
  constructor(interval: number, tidy: () => boolean) {
    this.#interval = interval;
    this.#tidy = tidy;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    setTimeout(() => {
      this.#isRunning = false;
      if (this.#tidy()) this.start();
    }, this.#interval).unref();
  }
}
