import { WorkerDiedError } from "../../index.js";
import type { TargetReference } from "../target/target-reference.js";
import { formatDuration } from "../duration.js";
import type { ChunkTiming } from "./chunk-size.js";
import { JournalFile } from "./journal.js";
import { nameInput } from "./name-input.js";
import type { Chunk } from "./pending-inputs.js";
import type { ResultBlock } from "./result-block.js";
import { ChunkResult, runChunk, type ChunkReply, type ChunkRequest, type ItemFailure, type ItemFormat } from "./run-chunk.js";
import { Watchdog } from "./watchdog.js";

/** What the engine needs of a pool. */
export interface WorkerPool {
  apply(run: (request: ChunkRequest) => Promise<ChunkReply>, args: readonly [ChunkRequest]): RunningChunk;
}

/** A running task; `cancel` stops its worker if it has begun. */
export interface RunningChunk extends PromiseLike<ChunkReply> {
  cancel(): unknown;
}

export interface RunnerOptions {
  readonly target: TargetReference;
  readonly format: ItemFormat;
  readonly timeout: number | undefined;
  readonly budget: number | undefined;
}

export interface ChunkOutcome {
  /** Covers the items that were begun; those after them were not. */
  readonly block: ResultBlock;
  /** `undefined` when the worker did not live to tell. */
  readonly timing: ChunkTiming | undefined;
}

/** Runs one chunk at a time on a pool, and finds out what became of its items when the worker dies or takes too long. */
export class ChunkRunner {
  readonly #pool: WorkerPool;
  readonly #options: RunnerOptions;
  #journal: JournalFile | undefined;
  #watchdog: Watchdog | undefined;

  constructor(pool: WorkerPool, options: RunnerOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  /** @throws whatever the pool rejects with, unless it concerns this chunk alone. */
  async run(chunk: Chunk): Promise<ChunkOutcome> {
    const { target, format, budget } = this.#options;
    const journal = this.#journalFor(chunk);
    const task = this.#pool.apply(runChunk, [{ target, format, budget, items: chunk.items, journal: journal?.address }]);
    let isCut = false;
    this.#cutAfterTimeout(journal, () => {
      isCut = true;
      task.cancel();
    });
    try {
      const reply = await task;
      return { block: blockOf(chunk, reply), timing: { items: reply.ran, elapsed: reply.elapsed } };
    } catch (error) {
      if (isCut) return { block: this.#recover(chunk, this.#timedOut()), timing: undefined };
      if (error instanceof WorkerDiedError) return { block: this.#recover(chunk, describeDeath(error)), timing: undefined };
      throw error;
    } finally {
      this.#watchdog?.stop();
    }
  }

  close(): void {
    this.#watchdog?.stop();
    this.#journal?.close();
    this.#journal = undefined;
  }

  /** A single item without a limit needs none: when its worker dies, it is to blame. */
  #journalFor(chunk: Chunk): JournalFile | undefined {
    if (chunk.items.length === 1 && this.#options.timeout === undefined) return undefined;
    this.#journal ??= JournalFile.create();
    this.#journal.clear();
    return this.#journal;
  }

  #cutAfterTimeout(journal: JournalFile | undefined, cut: () => void): void {
    const { timeout } = this.#options;
    if (timeout === undefined || journal === undefined) return;
    this.#watchdog = new Watchdog(timeout);
    this.#watchdog.watch(() => journal.sizeBytes, cut);
  }

  /** What the journal holds is done; the item after it was running and fails; the rest was never begun. */
  #recover(chunk: Chunk, error: string): ResultBlock {
    const result = new ChunkResult();
    for (const record of this.#journal?.read() ?? []) result.add(record);
    if (result.ran < chunk.items.length) result.add({ isFailure: true, text: error });
    // A worker that is being stopped might still write into it.
    this.close();
    return blockOf(chunk, result);
  }

  #timedOut(): string {
    return `ran for longer than ${formatDuration(this.#options.timeout ?? 0)}, and was stopped`;
  }
}

function blockOf(
  chunk: Chunk,
  result: { readonly ran: number; readonly text: string; readonly failures: readonly ItemFailure[] },
): ResultBlock {
  return {
    firstIndex: chunk.firstIndex,
    inputs: result.ran,
    text: result.text,
    failures: result.failures.map(({ index, error }) => ({ index: chunk.firstIndex + index, name: nameInput(chunk, index), error })),
  };
}

function describeDeath(error: WorkerDiedError): string {
  const how = error.signal === undefined ? `exited with code ${error.exitCode}` : `was killed by ${error.signal}`;
  return `its worker ${how}`;
}
