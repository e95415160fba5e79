/**
 * One call of `map`: its chunks on their way, and the array they add up to. Python's rule: every chunk is waited for, also when
 * one has failed; then the call rejects with the error that arrived first. What cannot be sent, or was given up, rejects at once.
 */
import type { LinkWork } from "../backend/worker-link.js";
import { CancelledError } from "../errors.js";
import { cutIntoChunks, defaultChunkSize } from "./chunks.js";
import type { ChunkInFlight } from "./item-stream.js";
import type { ChunkResult, ItemFailure } from "./outcome.js";
import type { Scheduler, Stream } from "./scheduler.js";
import type { Mapped, Submission } from "./submission.js";
import { fulfillTask, openTask, rejectTask, type Task, type TaskOwner } from "./task.js";

export class MapCall<R> implements Stream, TaskOwner {
  readonly task: Task<R[]>;
  /** Called when the task has ended, in whatever way. */
  onEnd: (() => void) | undefined;
  readonly #scheduler: Scheduler<LinkWork>;
  readonly #submission: Submission;
  readonly #inFlight = new Set<ChunkInFlight>();
  readonly #parts: (readonly unknown[])[] = [];
  #isComplete = false;
  #firstFailure: ItemFailure | undefined;

  constructor(scheduler: Scheduler<LinkWork>, submission: Submission) {
    this.#scheduler = scheduler;
    this.#submission = submission;
    this.task = openTask(this);
  }

  /** Submits the chunks of `items`, once they are there. @throws what refuses an item. */
  start(mapped: Mapped, items: readonly unknown[] | Promise<readonly unknown[]>, chunkSize: number | undefined): void {
    if (!(items instanceof Promise)) return this.#submit(mapped, items, chunkSize);
    // Until the input has ended, the pool has to stay for it, closed or not.
    this.#scheduler.enter(this);
    void items
      .then((collected) => this.#submit(mapped, collected, chunkSize))
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.#scheduler.leave(this));
  }

  cancel(): void {
    this.giveUp(new CancelledError("The map was cancelled"));
  }

  /** Ends the call, and stops the workers that run its chunks. */
  giveUp(reason: unknown): void {
    const inFlight = [...this.#inFlight];
    this.fail(reason);
    for (const chunk of inFlight) chunk.withdraw();
  }

  /** Ends the call: chunks that no worker has yet are dropped. */
  fail(reason: unknown): void {
    if (this.task.ready) return;
    const inFlight = [...this.#inFlight];
    this.#inFlight.clear();
    rejectTask(this.task, reason);
    this.onEnd?.();
    for (const chunk of inFlight) chunk.recall();
  }

  #submit(mapped: Mapped, items: readonly unknown[], chunkSize = defaultChunkSize(items.length, this.#scheduler.size)): void {
    for (const chunk of cutIntoChunks(items, chunkSize)) {
      if (this.task.ready) return;
      this.#submitChunk(mapped, chunk);
    }
    this.#isComplete = true;
    this.#settleWhenDone();
  }

  #submitChunk(mapped: Mapped, items: readonly unknown[]): void {
    const position = this.#parts.length;
    this.#parts.push([]);
    const chunk = this.#submission.chunk(mapped, items, ({ values, failures }: ChunkResult) => {
      if (!this.#inFlight.delete(chunk)) return;
      this.#parts[position] = values;
      this.#firstFailure ??= failures[0];
      this.#settleWhenDone();
    });
    this.#inFlight.add(chunk);
  }

  #settleWhenDone(): void {
    if (!this.#isComplete || this.#inFlight.size > 0 || this.task.ready) return;
    // Workers are not checked against the types that the function promised; neither is the function itself.
    if (this.#firstFailure === undefined) fulfillTask(this.task, joined(this.#parts) as R[]);
    else rejectTask(this.task, this.#firstFailure.error);
    this.onEnd?.();
  }
}

/** Arguments that are sure to fit on the stack. */
const atOnce = 1000;

/** One array of all. `concat` copies whole arrays, which `flat` does not: a twentieth of the time. */
function joined(parts: readonly (readonly unknown[])[]): unknown[] {
  if (parts.length <= atOnce) return ([] as unknown[]).concat(...parts);
  const groups: unknown[][] = [];
  for (let from = 0; from < parts.length; from += atOnce) groups.push(joined(parts.slice(from, from + atOnce)));
  return joined(groups);
}
