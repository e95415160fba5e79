import type { ItemStream } from "./item-stream.js";
import type { Outcome } from "./outcome.js";
import type { WaitOptions } from "../backend/wait-for.js";

/**
 * What `Pool.imap` and `Pool.imapUnordered` return: the results, one at a time. Python: `IMapIterator`.
 *
 * Work begins at the call. The input is taken little by little, as results are taken here, so it may be endless.
 * An item that failed makes `next()` reject on its turn, and the next `next()` goes on with the item after it; a `for await`
 * loop ends at the first failure, as loops do. `outcomes()` gives failures as values instead.
 */
export class ResultIterator<R, T = unknown> implements AsyncIterableIterator<R, undefined> {
  readonly #stream: ItemStream<T, R>;

  constructor(stream: ItemStream<T, R>) {
    this.#stream = stream;
  }

  /**
   * The next result. Python: `next(timeout)`.
   *
   * @throws the error of the item whose turn it is.
   * @throws TimeoutError when nothing came within `timeout` milliseconds; the result is not lost, and comes with the next call.
   * @throws the error of the input, after the results of all items before it.
   */
  async next(options?: WaitOptions): Promise<IteratorResult<R, undefined>> {
    const outcome = await this.#stream.next(options);
    if (outcome === undefined) return { value: undefined, done: true };
    if (outcome.status === "fulfilled") return { value: outcome.value, done: false };
    this.#stream.pause();
    throw outcome.reason;
  }

  /** Leaves early: items that no worker has yet are dropped, those that run are not waited for, and the input is closed. */
  async return(): Promise<IteratorResult<R, undefined>> {
    await this.#stream.return();
    return { value: undefined, done: true };
  }

  /** The same items as outcomes: result or error, with input and index. A failure ends nothing. */
  async *outcomes(): AsyncGenerator<Outcome<T, R>, void, undefined> {
    try {
      for (;;) {
        const outcome = await this.#stream.next();
        if (outcome === undefined) return;
        yield outcome;
      }
    } finally {
      await this.#stream.return();
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream.return();
  }
}
