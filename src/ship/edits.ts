/** Changes to the text of a function, which leave what they can where it is. */
import type { Edit, FreeReference, FunctionSyntax } from "./function-syntax.js";

/** What stands for the variable `name`, in the form in which the reference to it is written. */
export function spell({ spelling }: FreeReference, name: string, text: string): string {
  if (spelling === "shorthand") return `${name}: ${text}`;
  return spelling === "callee" ? `(0, ${text})` : text;
}

/** Edits are in the order of the text. */
export function applyEdits(source: string, { start, end }: FunctionSyntax, edits: readonly Edit[]): string {
  let text = "";
  let position = start;
  for (const edit of edits) {
    text += source.slice(position, edit.start) + edit.text;
    position = edit.end;
  }
  return text + source.slice(position, end);
}

/** `import$meta` has the length of what it stands for, so the rest of the line stays where it is. */
export function unusedName(source: string, wanted: string): string {
  let name = wanted;
  while (source.includes(name)) name += "$";
  return name;
}

/** The line ends alone, so that what follows stays on its line. */
export function newLinesOf(text: string): string {
  return text.replace(/[^\r\n\u2028\u2029]/g, "");
}
