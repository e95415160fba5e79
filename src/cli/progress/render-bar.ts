import { formatDuration } from "../duration.js";
import type { ProgressState } from "./progress.js";

/**
 * One line of at most `width` columns: ` 42% ━━━━━─────── 4,213/10,000 · 812/s · 5.2 s · 7.1 s left · 3 failed`.
 * Where it is too narrow, the least needed parts go: the bar first shrinks, then the elapsed time, the rate, the bar and
 * the estimate go, and the count at last.
 */
export function renderBar(state: ProgressState, width: number, glyphs: BarGlyphs = unicodeGlyphs): string {
  for (const parts of layouts) {
    const texts = parts.map((part) => textOf[part](state)).filter((text) => text !== "");
    const line = texts.join(glyphs.separator);
    const room = width - line.length - 1;
    if (parts.includes("bar") && state.total !== undefined) {
      if (room < shortestBar) continue;
      return `${bar(state, Math.min(room, longestBar), glyphs)} ${line}`;
    }
    if (line.length <= width) return line;
  }
  return textOf.count(state).slice(0, Math.max(width, 0));
}

export interface BarGlyphs {
  readonly done: string;
  readonly left: string;
  readonly separator: string;
}

export const unicodeGlyphs: BarGlyphs = { done: "━", left: "─", separator: " · " };
/** For terminals without UTF-8. */
export const asciiGlyphs: BarGlyphs = { done: "#", left: ".", separator: " | " };

type Part = "bar" | "percent" | "count" | "rate" | "elapsed" | "remaining" | "failed";

/** From the widest to the narrowest. */
const layouts: readonly (readonly Part[])[] = [
  ["bar", "percent", "count", "rate", "elapsed", "remaining", "failed"],
  ["bar", "percent", "count", "rate", "remaining", "failed"],
  ["bar", "percent", "count", "remaining", "failed"],
  ["percent", "count", "remaining", "failed"],
  ["percent", "count", "failed"],
  ["percent", "failed"],
];

const textOf: Readonly<Record<Part, (state: ProgressState) => string>> = {
  bar: () => "",
  percent: (state) => (state.total === undefined ? "" : `${Math.floor(fraction(state) * 100)}%`.padStart(4)),
  count: ({ done, total }) =>
    total === undefined ? `${grouped(done)} done` : `${grouped(done)}/${total.isEstimate ? "~" : ""}${grouped(total.count)}`,
  rate: ({ rate }) => (rate === undefined ? "" : `${grouped(rate)}/s`),
  elapsed: ({ elapsed }) => formatDuration(elapsed),
  remaining: ({ remaining }) => (remaining === undefined || remaining === 0 ? "" : `${formatDuration(remaining)} left`),
  failed: ({ failed }) => (failed === 0 ? "" : `${grouped(failed)} failed`),
};

function bar(state: ProgressState, width: number, glyphs: BarGlyphs): string {
  const done = Math.floor(fraction(state) * width);
  return glyphs.done.repeat(done) + glyphs.left.repeat(width - done);
}

function fraction(state: ProgressState): number {
  if (state.total === undefined) return 0;
  return state.total.count === 0 ? 1 : Math.min(state.done / state.total.count, 1);
}

/** `1,234,567`; small rates keep a decimal. */
export function grouped(value: number): string {
  if (value > 0 && value < 10 && !Number.isInteger(value)) return value.toFixed(1);
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

const shortestBar = 8;
const longestBar = 30;
