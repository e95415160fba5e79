import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { LineSplitter, type LineSplitterOptions } from "#lib/cli/input/line-splitter.js";
import type { InputPiece } from "#lib/cli/input/input-source.js";

/** The lines of `blocks`, each after its number; refused ones as `!number reason`. */
function linesOf(blocks: readonly (string | Buffer)[], options?: LineSplitterOptions): string[] {
  const splitter = new LineSplitter(options);
  const pieces = blocks.flatMap((block) => splitter.push(Buffer.from(block)));
  return [...pieces, ...splitter.end()].flatMap(describe);
}

function describe(piece: InputPiece): string[] {
  if (piece.kind === "refused") return [`!${piece.name}: ${piece.reason}`];
  return piece.items.map((item, index) => `${(piece.firstLine ?? 0) + index}:${item}`);
}

test("an empty input has no line, and a last line needs no newline", () => {
  assert.deepEqual(linesOf([]), []);
  assert.deepEqual(linesOf([""]), []);
  assert.deepEqual(linesOf(["a\nb"]), ["1:a", "2:b"]);
  assert.deepEqual(linesOf(["a\nb\n"]), ["1:a", "2:b"]);
});

test("empty lines are lines", () => {
  assert.deepEqual(linesOf(["\n\na\n\n"]), ["1:", "2:", "3:a", "4:"]);
});

test("lines are whole wherever the blocks are cut, and lose Windows' carriage returns", () => {
  assert.deepEqual(linesOf(["al", "pha\r", "\nbe\n", "\n", "ga\rmma\r\n", "x\r"]), ["1:alpha", "2:be", "3:", "4:ga\rmma", "5:x"]);
});

test("a byte order mark at the start is dropped, and nowhere else", () => {
  assert.deepEqual(linesOf(["\ufeffa\n\ufeffb"]), ["1:a", "2:\ufeffb"]);
});

test("another separator leaves newlines, carriage returns and marks alone", () => {
  assert.deepEqual(linesOf(["a\r\nb\0", "c\r\0"], { separator: 0 }), ["1:a\r\nb", "2:c\r"]);
});

test("blank lines are counted but not given when they are to be skipped", () => {
  assert.deepEqual(linesOf(["1\n\n \t\n2\n3\n\n"], { skipBlank: true }), ["1:1", "4:2", "5:3"]);
});

test("a line that is not UTF-8 is refused by number, and its neighbours are given", () => {
  const bytes = Buffer.concat([Buffer.from("a\r\nb"), Buffer.from([0xff, 0x0a]), Buffer.from("c\n\nd")]);
  assert.deepEqual(linesOf([bytes]), ["1:a", "!line 2: it is not valid UTF-8", "3:c", "4:", "5:d"]);
});

test("a character cut in two by the end of a block stays whole", () => {
  const bytes = Buffer.from("größe\n");
  assert.deepEqual(linesOf([bytes.subarray(0, 3), bytes.subarray(3)]), ["1:größe"]);
});

test("a line longer than the limit is refused by number and not held", () => {
  const blocks = ["a\n", "x".repeat(6), "x".repeat(6), "x".repeat(600), "\nb\n"];
  assert.deepEqual(linesOf(blocks, { maxLineBytes: 10 }), ["1:a", "!line 2: it is longer than 10 bytes", "3:b"]);
  assert.deepEqual(linesOf(["x".repeat(20)], { maxLineBytes: 10 }), ["!line 1: it is longer than 10 bytes"]);
});

test("whatever the text and the cuts, the lines are those of a plain split", () => {
  const text = fc.array(fc.constantFrom("a", "ß", "🙂", "\n", "\r\n", " "), { maxLength: 40 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, fc.array(fc.nat(80), { maxLength: 6 }), (input, cuts) => {
      const bytes = Buffer.from(input);
      const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
      const blocks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
      const expected = input.replace(/\n$/, "").replaceAll("\r\n", "\n").split("\n");
      const numbered = input === "" ? [] : expected.map((line, index) => `${index + 1}:${line.replace(/\r$/, "")}`);
      assert.deepEqual(linesOf(blocks), numbered);
    }),
  );
});
