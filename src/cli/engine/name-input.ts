import type { Chunk } from "./pending-inputs.js";

/** How messages name an input: `line 3 "abc"`, or a file's name; long ones are cut. */
export function nameInput(chunk: Chunk, index: number): string {
  const text = chunk.items[index] ?? "";
  if (chunk.firstLine === undefined) return quoteIfNeeded(text);
  return `line ${chunk.firstLine + index} ${JSON.stringify(shorten(text))}`;
}

function quoteIfNeeded(name: string): string {
  return /^[\w./@+-]+$/.test(name) ? name : JSON.stringify(name);
}

function shorten(text: string): string {
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}…`;
}

const longestShown = 60;
