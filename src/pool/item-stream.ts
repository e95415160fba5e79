/**
 * The engine of `imap` and `imapUnordered`: input in, outcomes out, never more than `readAhead` items between the two.
 *
 *     input ──pull──▶ partial chunk ──▶ in flight ──▶ arrived (put in order) ──▶ next()
 *           └──────────────── at most readAhead items ─────────────────┘
 *
 *     reading ──input ends, or throws──▶ exhausted ──last outcome taken──▶ ended
 *        └──────────── return, abort, the pool ends ───────────────────────▲
 *
 * Invariants:
 *  1. A chunk is begun only when a whole one fits in the window, so chunks are short only where the input ends or stalls.
 *  2. Every item pulled has exactly one outcome, unless the stream is ended early: then one error, or none, ends them all.
 *  3. The error of the input comes after the outcomes of all items before it.
 *  4. While `isPaused`, nothing is pulled or handed out: the consumer got an error and may never come back, as `for await`
 *     does not, and says nothing. The pool does not wait for such a stream.
 */
import { ClosedError, TimeoutError } from "../errors.js";
import { Fifo } from "./fifo.js";
import { InOrder } from "./in-order.js";
import type { ItemSource } from "./item-source.js";
import { type ChunkResult, ChunkOutcomes, lostChunk, type Outcome } from "./outcome.js";
import { startTimer } from "../platform/timer.js";
import type { WaitOptions } from "../backend/wait-for.js";

/** What the stream needs of its pool. */
export interface ChunkRunner<T> {
  /** Encodes a chunk and hands it over; `onResult` is called once, later, unless it is dropped. @throws what refuses an item. */
  submit(items: readonly T[], onResult: (result: ChunkResult) => void): ChunkInFlight;
  /** Makes the pool wait for this stream; `false` when the pool has ended. */
  enter(): boolean;
  leave(): void;
}

export interface ChunkInFlight {
  /** Takes the chunk back if no worker has it yet. */
  recall(): unknown;
  /** Takes the chunk back even from a worker, which is stopped. */
  withdraw(): void;
}

export interface ItemStreamOptions<T> {
  readonly source: ItemSource<T>;
  readonly runner: ChunkRunner<T>;
  readonly chunkSize: number;
  readonly readAhead: number;
  readonly isOrdered: boolean;
}

export class ItemStream<T, R> {
  readonly #source: ItemSource<T>;
  readonly #runner: ChunkRunner<T>;
  readonly #chunkSize: number;
  readonly #readAhead: number;
  readonly #inFlight = new Set<ChunkInFlight>();
  readonly #inOrder: InOrder<ChunkOutcomes<T, R>> | undefined;
  readonly #arrived = new Fifo<ChunkOutcomes<T, R>>();
  readonly #takers = new Fifo<Taker<T, R>>();
  #takersWaiting = 0;
  #dealing: ChunkOutcomes<T, R> | undefined;
  #state: "reading" | "exhausted" | "ended" = "reading";
  #isPaused = false;
  #isPulling = false;
  #isFlushPlanned = false;
  #finalError: { readonly error: unknown } | undefined;
  #chunk: T[] = [];
  #sequence = 0;
  #pulled = 0;
  #taken = 0;
  #onEnded: (() => void) | undefined;

  constructor({ source, runner, chunkSize, readAhead, isOrdered }: ItemStreamOptions<T>) {
    this.#source = source;
    this.#runner = runner;
    this.#chunkSize = chunkSize;
    this.#readAhead = Math.max(readAhead, chunkSize);
    this.#inOrder = isOrdered ? new InOrder() : undefined;
  }

  /** Begins to pull. `onEnded` is called once, when nothing more will come. */
  start(onEnded: () => void): void {
    this.#onEnded = onEnded;
    if (this.#runner.enter()) this.#pump();
    else this.fail(new ClosedError("Cannot iterate: the pool is closed"));
  }

  /** The next outcome, `undefined` at the end. @throws the error that ended the stream, once. */
  next({ timeout, signal }: WaitOptions = {}): Promise<Outcome<T, R> | undefined> {
    this.#resume();
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const taker: Taker<T, R> = { resolve, reject, isWaiting: true };
      this.#takers.push(taker);
      this.#takersWaiting += 1;
      this.#serve();
      if (taker.isWaiting && (timeout !== undefined || signal !== undefined)) this.#limit(taker, { timeout, signal });
    });
  }

  /** The consumer got an error, and may have left for good: until it asks again, the pool need not wait for it. */
  pause(): void {
    if (this.#state === "ended" || this.#takersWaiting > 0) return;
    this.#isPaused = true;
    this.#runner.leave();
  }

  /** Leaves early: what no worker has yet is dropped, the input is closed. Resolves when it is. */
  async return(): Promise<void> {
    if (this.#state === "ended") return;
    const wasReading = this.#state === "reading";
    for (const chunk of this.#inFlight) chunk.recall();
    this.#end();
    if (wasReading) await this.#closeSource();
  }

  /** Ends the stream with an error, and stops the workers that run its chunks. */
  abort(reason: unknown): void {
    const inFlight = [...this.#inFlight];
    this.fail(reason);
    for (const chunk of inFlight) chunk.withdraw();
  }

  /** Ends the stream with an error. */
  fail(reason: unknown): void {
    if (this.#state === "ended") return;
    const wasReading = this.#state === "reading";
    this.#finalError = { error: reason };
    this.#end();
    // The error that ends the stream is the one to report; what closing the input adds to it has nobody to tell.
    if (wasReading) void this.#closeSource().catch(() => {});
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#state === "exhausted") return;
    if (this.#runner.enter()) this.#pump();
    else this.fail(new ClosedError("Cannot take the next result: the pool was closed meanwhile"));
  }

  /** Pulls items and hands chunks out, as far as the window allows. */
  #pump(): void {
    if (this.#isPulling) return;
    this.#isPulling = true;
    while (this.#mayPull()) {
      let result: IteratorResult<T> | Promise<IteratorResult<T>>;
      try {
        result = this.#source.pull();
      } catch (error) {
        this.#exhaust({ error });
        break;
      }
      if (result instanceof Promise || this.#source.isAsync) return this.#awaitPull(Promise.resolve(result));
      this.#accept(result);
    }
    this.#isPulling = false;
  }

  #awaitPull(result: Promise<IteratorResult<T>>): void {
    this.#planFlush();
    const goOn = (step: () => void): void => {
      this.#isPulling = false;
      step();
      this.#pump();
    };
    result.then(
      (pulled) => goOn(() => this.#accept(pulled)),
      (error: unknown) => goOn(() => this.#exhaust({ error })),
    );
  }

  #mayPull(): boolean {
    if (this.#state !== "reading" || this.#isPaused) return false;
    return this.#chunk.length > 0 || this.#pulled - this.#taken + this.#chunkSize <= this.#readAhead;
  }

  #accept(result: IteratorResult<T>): void {
    if (this.#state !== "reading") return;
    if (result.done === true) return this.#exhaust(undefined);
    this.#pulled += 1;
    this.#chunk.push(result.value);
    if (this.#chunk.length >= this.#chunkSize) this.#flush();
  }

  /** The input has stalled with a chunk half full: once the event loop has come around, what is there is sent on. */
  #planFlush(): void {
    if (this.#isFlushPlanned || this.#chunk.length === 0) return;
    this.#isFlushPlanned = true;
    setImmediate(() => {
      this.#isFlushPlanned = false;
      if (this.#isPulling && !this.#isPaused && this.#state === "reading") this.#flush();
    });
  }

  /** The input has ended. What is in flight counts as the pool's work by itself, so the stream need not any more. */
  #exhaust(finalError: { readonly error: unknown } | undefined): void {
    if (this.#state !== "reading") return;
    this.#flush();
    this.#state = "exhausted";
    this.#finalError = finalError;
    this.#runner.leave();
    this.#serve();
  }

  #flush(): void {
    const items = this.#chunk;
    if (items.length === 0) return;
    this.#chunk = [];
    this.#handOut(items, this.#pulled - items.length);
  }

  #handOut(items: readonly T[], firstIndex: number): void {
    const sequence = this.#sequence;
    try {
      const chunk = this.#runner.submit(items, (result) => {
        if (this.#inFlight.delete(chunk)) this.#arrive(sequence, new ChunkOutcomes(items, firstIndex, result));
      });
      this.#inFlight.add(chunk);
      this.#sequence += 1;
    } catch (error) {
      this.#handOutSingly(items, firstIndex, error);
    }
  }

  /** An item was refused: the others of its chunk are not to suffer for it. */
  #handOutSingly(items: readonly T[], firstIndex: number, error: unknown): void {
    if (items.length > 1) {
      for (const [offset, item] of items.entries()) this.#handOut([item], firstIndex + offset);
      return;
    }
    const sequence = this.#sequence;
    this.#sequence += 1;
    this.#arrive(sequence, new ChunkOutcomes(items, firstIndex, lostChunk(1, error)));
  }

  #arrive(sequence: number, outcomes: ChunkOutcomes<T, R>): void {
    if (this.#inOrder === undefined) this.#arrived.push(outcomes);
    else for (const inOrder of this.#inOrder.put(sequence, outcomes)) this.#arrived.push(inOrder);
    this.#serve();
  }

  /** Gives outcomes to those who wait for them, and the end once there are no more. */
  #serve(): void {
    while (this.#takersWaiting > 0) {
      const outcome = this.#deal();
      if (outcome === undefined) break;
      this.#taken += 1;
      this.#nextTaker()?.resolve(outcome);
    }
    if (this.#state === "exhausted" && this.#inFlight.size === 0 && this.#isDrained()) this.#end();
    this.#pump();
    if (this.#state === "ended") this.#serveEnd();
  }

  #deal(): Outcome<T, R> | undefined {
    for (;;) {
      this.#dealing ??= this.#arrived.shift();
      const outcome = this.#dealing?.deal();
      if (outcome !== undefined || this.#dealing === undefined) return outcome;
      this.#dealing = undefined;
    }
  }

  #isDrained(): boolean {
    return this.#arrived.length === 0 && (this.#dealing === undefined || this.#dealing.isDealt);
  }

  #end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#chunk = [];
    this.#inFlight.clear();
    this.#arrived.clear();
    this.#dealing = undefined;
    this.#runner.leave();
    this.#onEnded?.();
    this.#serveEnd();
  }

  #serveEnd(): void {
    for (let taker = this.#nextTaker(); taker !== undefined; taker = this.#nextTaker()) {
      if (this.#finalError === undefined) {
        taker.resolve(undefined);
      } else {
        taker.reject(this.#finalError.error);
        this.#finalError = undefined;
      }
    }
  }

  #nextTaker(): Taker<T, R> | undefined {
    for (;;) {
      const taker = this.#takers.shift();
      if (taker === undefined) return undefined;
      if (!taker.isWaiting) continue;
      this.#dismiss(taker);
      return taker;
    }
  }

  #dismiss(taker: Taker<T, R>): void {
    taker.isWaiting = false;
    taker.stopLimit?.();
    this.#takersWaiting -= 1;
  }

  #limit(taker: Taker<T, R>, { timeout, signal }: WaitOptions): void {
    const giveUp = (reason: unknown): void => {
      if (!taker.isWaiting) return;
      this.#dismiss(taker);
      taker.reject(reason);
    };
    const onAbort = (): void => giveUp(signal?.reason);
    const timer =
      timeout === undefined
        ? undefined
        : startTimer(timeout, () => giveUp(new TimeoutError(`No result came within ${timeout} ms; it is not lost`, timeout)));
    signal?.addEventListener("abort", onAbort, { once: true });
    taker.stopLimit = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
  }

  /** An input that is still being asked for an item closes when it has answered, which may be never: nobody waits for that. */
  async #closeSource(): Promise<void> {
    const closed = this.#source.close();
    if (this.#isPulling) closed.catch(() => {});
    else await closed;
  }
}

interface Taker<T, R> {
  readonly resolve: (outcome: Outcome<T, R> | undefined) => void;
  readonly reject: (reason: unknown) => void;
  isWaiting: boolean;
  stopLimit?: () => void;
}
