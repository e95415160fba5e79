/** Looks regularly, while there is something to look for. Keeps nothing alive. */
export class StallWatch {
  readonly #look: () => boolean;
  #timer: NodeJS.Timeout | undefined;
  #isOn = false;

  /** `look` says whether to look again. */
  constructor(look: () => boolean) {
    this.#look = look;
  }

  start(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#tick(), intervalMs).unref();
    else this.#timer.refresh();
  }

  #tick(): void {
    this.#isOn = false;
    if (this.#look()) this.start();
  }
}

/** A job that has not moved between two looks takes long. */
const intervalMs = 2;
