/**
 * Decides when a pool gives up starting workers, and when it replaces one at once. Pure: events in, decisions out.
 *
 * | event                                     | a series of                      | ends with     | after which                          |
 * | ----------------------------------------- | -------------------------------- | ------------- | ------------------------------------ |
 * | a worker failed before it was ready       | `maxFailedStarts`                | a ready worker | the pool has failed                  |
 * | a worker was killed before it was ready   | `maxKilledStarts`                | a ready worker | the pool has failed                  |
 * | a ready worker ended without any task     | `maxIdleDeaths` for each worker  | a finished task | a replacement waits until a task does |
 *
 * The last row stops an initializer that leaves a time bomb behind from respawning an idle pool for ever. With tasks
 * waiting there is no such danger: each death then costs a task.
 */
export class StartRecord {
  readonly #size: number;
  #failedStarts = 0;
  #killedStarts = 0;
  #idleDeaths = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** No start in a row has succeeded: more would not either. */
  get isHopeless(): boolean {
    return this.#failedStarts >= maxFailedStarts || this.#killedStarts >= maxKilledStarts;
  }

  /** Whether a lost worker is replaced before a task asks for it. */
  get replacesAtOnce(): boolean {
    return this.#idleDeaths < maxIdleDeaths * this.#size;
  }

  startFailed(wasKilled: boolean): void {
    if (wasKilled) this.#killedStarts += 1;
    else this.#failedStarts += 1;
  }

  becameReady(): void {
    this.#failedStarts = 0;
    this.#killedStarts = 0;
  }

  diedIdle(): void {
    this.#idleDeaths += 1;
  }

  finishedTask(): void {
    this.#idleDeaths = 0;
  }
}

/** One failure may be bad luck (a file being rewritten), three are a bug in the program. */
const maxFailedStarts = 3;
/** A killer from outside (out of memory, an operator) says less about the next start than an error does. */
const maxKilledStarts = 16;
const maxIdleDeaths = 4;
