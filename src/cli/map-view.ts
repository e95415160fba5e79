import { formatDuration } from "./duration.js";
import type { InputFailure, ResultBlock } from "./engine/result-block.js";
import type { InputSource } from "./input/input-source.js";
import { BlockWriter } from "./output/block-writer.js";
import { canRedraw, glyphsFor, PlainDisplay, TerminalBar, type ProgressDisplay } from "./progress/progress-display.js";
import { Progress, type ProgressState } from "./progress/progress.js";
import { grouped } from "./progress/render-bar.js";

export interface MapViewOptions {
  readonly source: InputSource;
  readonly isQuiet: boolean;
  /** Called once, when whoever read standard output has gone, or it cannot be written. */
  readonly onReaderGone: () => void;
}

/** Results on standard output, failures and the bar on standard error. */
export class MapView {
  readonly #source: InputSource;
  readonly #progress = new Progress(performance.now());
  readonly #output: BlockWriter;
  readonly #display: ProgressDisplay;
  readonly #hasBar: boolean;

  constructor(options: MapViewOptions) {
    this.#source = options.source;
    this.#output = new BlockWriter(process.stdout, options.onReaderGone);
    this.#hasBar = !options.isQuiet && canRedraw(process.stderr, process.env);
    this.#display = this.#hasBar
      ? new TerminalBar(process.stderr, () => this.#state(), glyphsFor(process.env))
      : new PlainDisplay(process.stderr);
    this.#display.start();
  }

  /** Resolves when standard output takes more. */
  async show(block: ResultBlock): Promise<void> {
    this.#progress.add({ inputs: block.inputs, failures: block.failures.length });
    for (const failure of block.failures) this.#display.log(failureLine(failure));
    // Where both streams end on the same screen, the bar makes room for the results.
    await (process.stdout.isTTY ? this.#display.around(() => this.#output.write(block.text)) : this.#output.write(block.text));
  }

  /** Takes the bar away. */
  stop(): void {
    this.#display.stop();
  }

  /** Waits no more for a reader that does not read. */
  abandon(): void {
    this.#output.abandon();
  }

  /** Waits until the results are out, prints the last line, and answers the exit code. @throws what kept results from being written. */
  async finish(): Promise<number> {
    await this.#output.flush();
    if (this.#output.error !== undefined) throw new Error(`Cannot write the results: ${this.#output.error.message}`);
    if (this.#hasBar) this.#display.log(this.#summary());
    return this.#progress.failed > 0 ? 1 : 0;
  }

  #state(): ProgressState {
    return this.#progress.state(performance.now(), this.#source.extent(), this.#source.given);
  }

  #summary(): string {
    const now = performance.now();
    const { done, failed, elapsed } = this.#state();
    const failures = failed === 0 ? "" : `, ${grouped(failed)} failed`;
    return `${grouped(done)} ${done === 1 ? "input" : "inputs"} in ${formatDuration(elapsed)}, ${grouped(this.#progress.averageRate(now))}/s${failures}`;
  }
}

function failureLine(failure: InputFailure): string {
  return `manyhands: ${failure.name}: ${failure.error}`;
}
