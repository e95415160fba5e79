import type { WriteStream } from "node:tty";
import { asciiGlyphs, renderBar, unicodeGlyphs, type BarGlyphs } from "./render-bar.js";
import type { ProgressState } from "./progress.js";

/** Shows how far the work has come, and prints lines around that. */
export interface ProgressDisplay {
  start(): void;
  /** Prints a whole line, without its end, where messages go. */
  log(line: string): void;
  /** Runs `write`, which writes whole lines to the same terminal by another way. */
  around<T>(write: () => T): T;
  /** Takes the display away. */
  stop(): void;
}

/** The last line of a terminal, redrawn in place ten times a second. */
export class TerminalBar implements ProgressDisplay {
  readonly #stream: WriteStream;
  readonly #state: () => ProgressState;
  readonly #glyphs: BarGlyphs;
  #timer: NodeJS.Timeout | undefined;
  #isDrawn = false;

  constructor(stream: WriteStream, state: () => ProgressState, glyphs: BarGlyphs) {
    this.#stream = stream;
    this.#state = state;
    this.#glyphs = glyphs;
  }

  start(): void {
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), redrawInterval);
    this.#timer.unref();
  }

  log(line: string): void {
    this.around(() => this.#stream.write(`${line}\n`));
  }

  around<T>(write: () => T): T {
    this.#erase();
    const result = write();
    if (this.#timer !== undefined) this.#draw();
    return result;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }

  /** A column stays free: a full last line makes some terminals wrap. */
  #draw(): void {
    const width = (this.#stream.columns || columnsByDefault) - 1;
    this.#stream.write(`\r${renderBar(this.#state(), width, this.#glyphs)}${eraseRest}`);
    this.#isDrawn = true;
  }

  #erase(): void {
    if (this.#isDrawn) this.#stream.write(`\r${eraseRest}`);
    this.#isDrawn = false;
  }
}

/** Nothing but the lines that must be printed. */
export class PlainDisplay implements ProgressDisplay {
  readonly #stream: NodeJS.WritableStream;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  start(): void {}

  log(line: string): void {
    this.#stream.write(`${line}\n`);
  }

  around<T>(write: () => T): T {
    return write();
  }

  stop(): void {}
}

/** A terminal that can redraw a line: `TERM=dumb` cannot. */
export function canRedraw(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/** By the locale, as other programs decide it. */
export function glyphsFor(env: NodeJS.ProcessEnv): BarGlyphs {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return /utf-?8/i.test(locale) ? unicodeGlyphs : asciiGlyphs;
}

const redrawInterval = 100;
const columnsByDefault = 80;
const eraseRest = "\u001b[K";
