import type { InputExtent } from "../input/input-source.js";

/** What a bar shows: a snapshot. */
export interface ProgressState {
  readonly done: number;
  readonly failed: number;
  /** `undefined` when nobody knows; `isEstimate` when worked out from the bytes read so far. */
  readonly total: { readonly count: number; readonly isEstimate: boolean } | undefined;
  /** Inputs per second, of late; `undefined` before anything is done. */
  readonly rate: number | undefined;
  /** Milliseconds since the start. */
  readonly elapsed: number;
  /** Milliseconds left at the present rate; `undefined` when unknown. */
  readonly remaining: number | undefined;
}

/** Counts what is done. Times are given to it, in milliseconds of any one clock. */
export class Progress {
  readonly #startedAt: number;
  readonly #marks: { readonly at: number; readonly done: number }[];
  #done = 0;
  #failed = 0;

  constructor(now: number) {
    this.#startedAt = now;
    this.#marks = [{ at: now, done: 0 }];
  }

  get done(): number {
    return this.#done;
  }

  get failed(): number {
    return this.#failed;
  }

  add(outcome: { readonly inputs: number; readonly failures: number }): void {
    this.#done += outcome.inputs;
    this.#failed += outcome.failures;
  }

  /** `read` is how many inputs the source has given so far: with the bytes they took, it tells how many there will be. */
  state(now: number, extent: InputExtent, read: number): ProgressState {
    this.#mark(now);
    const total = totalOf(extent, read);
    const rate = this.#rate(now);
    const left = total === undefined ? undefined : Math.max(total.count - this.#done, 0);
    const remaining = left === undefined || rate === undefined || rate === 0 ? undefined : (left / rate) * 1000;
    return { done: this.#done, failed: this.#failed, total, rate, elapsed: now - this.#startedAt, remaining };
  }

  /** Over the whole run: for the last line. */
  averageRate(now: number): number {
    const elapsed = now - this.#startedAt;
    return elapsed > 0 ? (this.#done * 1000) / elapsed : 0;
  }

  #mark(now: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && now - last.at >= markInterval) this.#marks.push({ at: now, done: this.#done });
    while (this.#marks.length > marksKept) this.#marks.shift();
  }

  #rate(now: number): number | undefined {
    const first = this.#marks[0];
    if (first === undefined || this.#done === 0 || now <= first.at) return undefined;
    return ((this.#done - first.done) * 1000) / (now - first.at);
  }
}

function totalOf(extent: InputExtent, read: number): ProgressState["total"] {
  if (extent.kind === "unknown") return undefined;
  if (extent.kind === "count") return { count: extent.count, isEstimate: false };
  if (extent.readBytes >= extent.sizeBytes) return { count: read, isEstimate: false };
  if (read === 0) return undefined;
  return { count: Math.round((read * extent.sizeBytes) / extent.readBytes), isEstimate: true };
}

/** The rate is taken over the last ten seconds: 20 marks, half a second apart. */
const markInterval = 500;
const marksKept = 20;
