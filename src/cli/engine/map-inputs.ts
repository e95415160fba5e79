/**
 * The engine: maps a function over the inputs of a source, on the workers of a pool.
 *
 *     source ──▶ PendingInputs ──▶ chunks in flight ──▶ ResultOrder ──▶ whoever iterates
 *                     ▲                  │
 *                     └── never begun ◀──┘  (the worker died, or its time was up)
 *
 *  1. Every input gives exactly one outcome, and is begun at most once.
 *  2. Memory is bounded: pending inputs, chunks in flight and results out of turn each have a limit.
 *  3. Work goes on only while somebody iterates: a slow reader of the results slows down the reading of inputs.
 *  4. An input whose worker dies fails alone: see `journal.ts`.
 */
import type { InputPiece, InputSource } from "../input/input-source.js";
import type { TargetReference } from "../target/target-reference.js";
import { ChunkRunner, type RunnerOptions, type WorkerPool } from "./chunk-runner.js";
import { nextChunkSize } from "./chunk-size.js";
import { isRefused, PendingInputs, splitChunk, type Chunk } from "./pending-inputs.js";
import type { ResultBlock } from "./result-block.js";
import { CompletionOrder, InputOrder, type ResultOrder } from "./result-order.js";
import type { ItemFormat } from "./run-chunk.js";

export interface MapOptions {
  readonly target: TargetReference;
  readonly format: ItemFormat;
  /** How many workers the pool has. */
  readonly jobs: number;
  /** The most inputs to send at once; `undefined` to grow while they prove quick. */
  readonly chunkSize: number | undefined;
  /** Milliseconds for one input; `undefined` for no limit. */
  readonly timeout: number | undefined;
  /** Results in the order of the inputs, or as they come. */
  readonly isOrdered: boolean;
}

/**
 * The outcomes of all inputs, in blocks. Leaving the iteration early stops reading; chunks in flight are the pool's to end.
 *
 * @throws the source's error when reading fails, WorkerStartError when workers cannot be started.
 */
export async function* mapInputs(pool: WorkerPool, source: InputSource, options: MapOptions): AsyncGenerator<ResultBlock> {
  const mapping = new Mapping(pool, source, options);
  try {
    yield* mapping.blocks();
  } finally {
    mapping.close();
  }
}

class Mapping {
  readonly #source: InputSource;
  readonly #pieces: AsyncIterator<InputPiece>;
  readonly #pending = new PendingInputs();
  readonly #order: ResultOrder;
  readonly #idle: ChunkRunner[];
  readonly #runners: readonly ChunkRunner[];
  readonly #fixedChunkSize: number | undefined;
  #chunkSize = 1;
  #isReading = false;
  #hasEnded = false;
  #error: { readonly cause: unknown } | undefined;
  #wake: () => void = () => {};

  constructor(pool: WorkerPool, source: InputSource, options: MapOptions) {
    this.#source = source;
    this.#pieces = source.pieces()[Symbol.asyncIterator]();
    this.#order = options.isOrdered ? new InputOrder() : new CompletionOrder();
    this.#fixedChunkSize = options.chunkSize;
    const runnerOptions: RunnerOptions = {
      target: options.target,
      format: options.format,
      timeout: options.timeout,
      budget: options.chunkSize === undefined ? chunkBudget : undefined,
    };
    this.#runners = Array.from({ length: options.jobs * chunksPerWorker }, () => new ChunkRunner(pool, runnerOptions));
    this.#idle = [...this.#runners];
  }

  async *blocks(): AsyncGenerator<ResultBlock> {
    for (;;) {
      this.#start();
      const block = this.#order.next();
      if (block !== undefined) yield block;
      else if (this.#error !== undefined) throw this.#error.cause;
      else if (this.#isFinished) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.#source.close();
    for (const runner of this.#runners) runner.close();
  }

  get #isFinished(): boolean {
    return this.#hasEnded && this.#pending.isEmpty && this.#idle.length === this.#runners.length;
  }

  #start(): void {
    if (this.#error !== undefined) return;
    this.#read();
    // What was put back may be what all the others wait for, so it is not held up by them.
    while (this.#idle.length > 0 && (!this.#order.isFull || this.#pending.hasReturned)) {
      const chunk = this.#pending.take(this.#fixedChunkSize ?? this.#chunkSize);
      if (chunk === undefined) return;
      if (isRefused(chunk)) {
        const failure = { index: chunk.firstIndex, name: chunk.name, error: chunk.reason };
        this.#order.add({ firstIndex: chunk.firstIndex, inputs: 1, text: "", failures: [failure] });
      } else {
        void this.#run(chunk);
      }
      this.#read();
    }
  }

  #read(): void {
    if (this.#isReading || this.#hasEnded || this.#pending.isFull) return;
    void this.#readPiece();
  }

  async #readPiece(): Promise<void> {
    this.#isReading = true;
    try {
      const result = await this.#pieces.next();
      if (result.done === true) this.#hasEnded = true;
      else this.#pending.add(result.value);
    } catch (error) {
      this.#fail(error);
    }
    this.#isReading = false;
    this.#wake();
  }

  async #run(chunk: Chunk): Promise<void> {
    const runner = this.#idle.pop();
    if (runner === undefined) throw new Error("a chunk was taken with no runner for it");
    try {
      const outcome = await runner.run(chunk);
      if (outcome.timing !== undefined) this.#chunkSize = nextChunkSize(this.#chunkSize, outcome.timing);
      this.#pending.putBack(splitChunk(chunk, outcome.block.inputs)[1]);
      this.#order.add(outcome.block);
    } catch (error) {
      this.#fail(error);
    }
    this.#idle.push(runner);
    this.#wake();
  }

  #fail(cause: unknown): void {
    this.#error ??= { cause };
    this.#wake();
  }
}

/** One that runs and one that waits in front of the worker, so that it never idles for the length of a trip. */
const chunksPerWorker = 2;
/** Milliseconds: items that were quick and no more are must not hold up their chunk. */
const chunkBudget = 100;
