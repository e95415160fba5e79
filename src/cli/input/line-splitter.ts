/**
 * Bytes in, lines out, a block at a time: the complete lines of a block are decoded together and split by one call, which
 * is many times faster than `node:readline`. What follows the last separator is carried over to the next block.
 *
 *  1. A line ends at its separator, or at the end of the input; an input that ends with a separator has no empty last line.
 *  2. With newlines as separators, one carriage return before the newline belongs to it, and a byte order mark at the
 *     start of the input is dropped.
 *  3. A line that is not UTF-8 or longer than `maxLineBytes` is refused by number; it never reaches a worker garbled.
 *  4. At most `maxLineBytes` and one block are held.
 */
import { isUtf8 } from "node:buffer";
import type { InputPiece } from "./input-source.js";

export interface LineSplitterOptions {
  /** The byte that ends a line; newline unless given. */
  readonly separator?: number;
  /** Lines of nothing but blanks are counted, but not given. */
  readonly skipBlank?: boolean;
  /** A longer line is refused. */
  readonly maxLineBytes?: number;
}

export class LineSplitter {
  readonly #separator: number;
  readonly #skipBlank: boolean;
  readonly #maxLineBytes: number;
  #carried: Buffer[] = [];
  #carriedBytes = 0;
  #isSkippingLine = false;
  #isAtStart = true;
  #nextLine = 1;

  constructor(options: LineSplitterOptions = {}) {
    this.#separator = options.separator ?? newline;
    this.#skipBlank = options.skipBlank ?? false;
    this.#maxLineBytes = options.maxLineBytes ?? maxLineBytesByDefault;
  }

  /** Takes the next block, which the splitter owns from now on, and gives the lines it completes. */
  push(block: Buffer): InputPiece[] {
    const end = block.lastIndexOf(this.#separator);
    if (end === -1) {
      this.#carry(block);
      return [];
    }
    const pieces: InputPiece[] = [];
    let start = 0;
    if (this.#carriedBytes > 0 || this.#isSkippingLine) {
      start = block.indexOf(this.#separator) + 1;
      this.#carry(block.subarray(0, start - 1));
      this.#completeCarried(pieces);
    }
    if (start <= end) this.#split(block.subarray(start, end), pieces);
    this.#carry(block.subarray(end + 1));
    return pieces;
  }

  /** The input has ended: gives the last line, when no separator ended it. */
  end(): InputPiece[] {
    const pieces: InputPiece[] = [];
    if (this.#carriedBytes > 0 || this.#isSkippingLine) this.#completeCarried(pieces);
    return pieces;
  }

  #carry(bytes: Buffer): void {
    if (bytes.length === 0 || this.#isSkippingLine) return;
    this.#carried.push(bytes);
    this.#carriedBytes += bytes.length;
    if (this.#carriedBytes <= this.#maxLineBytes) return;
    this.#carried = [];
    this.#carriedBytes = 0;
    this.#isSkippingLine = true;
  }

  #completeCarried(pieces: InputPiece[]): void {
    if (this.#isSkippingLine) {
      this.#refuse(`it is longer than ${this.#maxLineBytes} bytes`, pieces);
    } else {
      this.#split(Buffer.concat(this.#carried, this.#carriedBytes), pieces);
    }
    this.#carried = [];
    this.#carriedBytes = 0;
    this.#isSkippingLine = false;
  }

  /** `bytes` holds whole lines, without the separator that ends the last of them. */
  #split(bytes: Buffer, pieces: InputPiece[]): void {
    const text = this.#withoutMark(bytes);
    if (!isUtf8(text)) {
      this.#splitBroken(text, pieces);
      return;
    }
    let items = text.toString("utf8").split(String.fromCharCode(this.#separator));
    if (this.#separator === newline && text.includes(carriageReturn)) items = items.map(withoutCarriageReturn);
    this.#give(items, pieces);
  }

  #withoutMark(bytes: Buffer): Buffer {
    const hasMark = this.#isAtStart && this.#separator === newline && byteOrderMark.equals(bytes.subarray(0, byteOrderMark.length));
    this.#isAtStart = false;
    return hasMark ? bytes.subarray(byteOrderMark.length) : bytes;
  }

  /** The slow way, line by line, for a block with a fault in it. */
  #splitBroken(bytes: Buffer, pieces: InputPiece[]): void {
    let start = 0;
    while (start <= bytes.length) {
      const found = bytes.indexOf(this.#separator, start);
      const end = found === -1 ? bytes.length : found;
      const line = bytes.subarray(start, end);
      if (!isUtf8(line)) this.#refuse("it is not valid UTF-8", pieces);
      else this.#give([this.#separator === newline ? withoutCarriageReturn(line.toString("utf8")) : line.toString("utf8")], pieces);
      start = end + 1;
    }
  }

  #give(items: string[], pieces: InputPiece[]): void {
    const firstLine = this.#nextLine;
    this.#nextLine += items.length;
    if (this.#skipBlank && items.some(isBlank)) pieces.push(...runsOfFilledLines(items, firstLine));
    else pieces.push({ kind: "inputs", items, firstLine });
  }

  #refuse(reason: string, pieces: InputPiece[]): void {
    pieces.push({ kind: "refused", name: `line ${this.#nextLine}`, reason });
    this.#nextLine += 1;
  }
}

/** A batch numbers its lines from its first, so each run between blank lines is a batch of its own. */
function runsOfFilledLines(items: readonly string[], firstLine: number): InputPiece[] {
  const runs: InputPiece[] = [];
  let run: string[] = [];
  items.forEach((item, index) => {
    if (isBlank(item)) {
      run = [];
      return;
    }
    if (run.length === 0) runs.push({ kind: "inputs", items: run, firstLine: firstLine + index });
    run.push(item);
  });
  return runs;
}

function isBlank(text: string): boolean {
  return text.length === 0 || text.trim() === "";
}

function withoutCarriageReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
/** Well under the longest string V8 can hold (512 Mi characters), and the most that one input may cost in memory. */
const maxLineBytesByDefault = 256 * 1024 * 1024;
