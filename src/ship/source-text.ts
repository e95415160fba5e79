/** A text by lines and columns, as V8 counts them: from 0, and from where the script begins in its file. */
import type { FunctionLocation } from "./sight.js";

export type Position = Pick<FunctionLocation, "line" | "column">;

export class SourceText {
  readonly text: string;
  readonly #start: Position;
  readonly #lineStarts: readonly number[];

  constructor(text: string, start: Position = { line: 0, column: 0 }) {
    this.text = text;
    this.#start = start;
    this.#lineStarts = lineStartsOf(text);
  }

  offsetOf({ line, column }: Position): number {
    const row = line - this.#start.line;
    return (this.#lineStarts[row] ?? 0) + column - (row === 0 ? this.#start.column : 0);
  }

  positionOf(offset: number): Position {
    let row = 0;
    for (let high = this.#lineStarts.length - 1; row < high;) {
      const middle = (row + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) row = middle;
      else high = middle - 1;
    }
    const column = offset - (this.#lineStarts[row] ?? 0) + (row === 0 ? this.#start.column : 0);
    return { line: row + this.#start.line, column };
  }
}

function lineStartsOf(source: string): number[] {
  const starts = [0];
  for (const match of source.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) starts.push(match.index + match[0].length);
  return starts;
}
