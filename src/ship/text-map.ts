/** Says where the text of a function was written, when a loader or bundler generated it: a source map of that text alone. */
import type { Node } from "acorn";
import type { Edit } from "./function-syntax.js";
import type { Script } from "./script.js";
import { walk } from "./syntax-tree.js";

/** The text of a function, as it is sent. */
export interface SentText {
  readonly text: string;
  readonly node: Node;
  readonly start: number;
  /** In the order of the text. */
  readonly edits: readonly Edit[];
}

type Segment = readonly [line: number, column: number, source: number, originalLine: number, originalColumn: number];

/** A source map as JSON; empty when Node knows of none for the script. */
export function textMapOf(script: Script, sent: SentText): string {
  const map = process.getBuiltinModule("node:module").findSourceMap(script.url);
  if (map === undefined) return "";
  const sources: string[] = [];
  const segments: Segment[] = [];
  const toPosition = positionsIn(sent, script);
  for (const offset of offsetsOf(sent.node)) {
    const { line, column } = script.positionOf(offset);
    const entry = map.findEntry(line, column);
    if (!("originalSource" in entry) || typeof entry.originalSource !== "string") continue;
    if (!sources.includes(entry.originalSource)) sources.push(entry.originalSource);
    segments.push([...toPosition(offset), sources.indexOf(entry.originalSource), entry.originalLine, entry.originalColumn]);
  }
  return segments.length === 0 ? "" : JSON.stringify({ version: 3, sources, names: [], mappings: encode(segments) });
}

function offsetsOf(node: Node): number[] {
  const offsets = new Set<number>();
  walk(node, ({ start, end }) => void offsets.add(start).add(end));
  return [...offsets].toSorted((some, other) => some - other);
}

/** From an offset in the script to the line and column where the sent text has it. Offsets must not go back. */
function positionsIn({ text, start, edits }: SentText, script: Script): (offset: number) => readonly [number, number] {
  const first = script.positionOf(start);
  let [shift, nextEdit] = [-start, 0];
  let [line, lineStart] = [first.line, -first.column];
  let reached = 0;
  return (offset) => {
    for (let edit = edits[nextEdit]; edit !== undefined && edit.end <= offset; edit = edits[++nextEdit])
      shift += edit.text.length - (edit.end - edit.start);
    const target = Math.max(offset + shift, reached);
    for (; reached < target; reached++) {
      if (text[reached] === "\n") [line, lineStart] = [line + 1, reached + 1];
    }
    return [line, reached - lineStart];
  };
}

function encode(segments: readonly Segment[]): string {
  let mappings = "";
  let last: Segment = [0, 0, 0, 0, 0];
  let isFirst = true;
  for (const segment of segments) {
    const [line, column] = segment;
    const isNewLine = line > last[0];
    if (isNewLine) mappings += ";".repeat(line - last[0]);
    else if (!isFirst) mappings += ",";
    mappings += quantity(column - (isNewLine ? 0 : last[1]));
    for (const field of [2, 3, 4] as const) mappings += quantity(segment[field] - last[field]);
    last = segment;
    isFirst = false;
  }
  return mappings;
}

/** A number as source maps write it: five bits a digit, the lowest first; the first bit of all is the sign. */
function quantity(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = "";
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += digits[rest > 0 ? digit | 32 : digit] ?? "";
  } while (rest > 0);
  return text;
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
