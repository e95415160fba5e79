/** The job of `map` and `imap`: a chunk of items, whose results come together. */
import { argumentsOf, letGoOf, type LinkAnswer, type LinkWork } from "../backend/worker-link.js";
import { DecodeError } from "../errors.js";
import { keepPacked, letGoOfPacked } from "../memory/parcel-stock.js";
import { Job, type JobOptions, type WorkerName } from "./job.js";
import { type ChunkResult, lostChunk } from "./outcome.js";

export interface ChunkJobOptions extends JobOptions<LinkWork> {
  /** How many items. */
  readonly length: number;
  readonly onResult: (result: ChunkResult) => void;
}

export class ChunkJob extends Job<LinkWork> {
  readonly #length: number;
  readonly #onResult: (result: ChunkResult) => void;

  constructor(options: ChunkJobOptions) {
    super(options);
    this.#length = options.length;
    this.#onResult = options.onResult;
    keepPacked(argumentsOf(options.work));
  }

  finish(answer: LinkAnswer, worker: WorkerName): void {
    letGoOf(this.work);
    switch (answer.kind) {
      case "outcomes":
        this.#onResult(answer);
        break;
      case "error":
        this.fail(answer.error);
        break;
      case "value":
        this.fail(new DecodeError(`The worker ${worker.name} answered the chunk ${this.label} as if it were a call`));
    }
    letGoOfPacked(argumentsOf(this.work));
  }

  fail(error: unknown): void {
    letGoOf(this.work);
    this.#onResult(lostChunk(this.#length, error));
  }
}
