/** How a function that cannot be sent is refused: what it is, why, and what to do. */
import { fileURLToPath } from "node:url";
import { NotShippableError } from "../errors.js";

/** `resize (photos.ts:12)`. */
export function describeFunction(fn: Function, place?: { readonly url: string; readonly line: number }): string {
  const name = nameOf(fn);
  if (place === undefined || place.url === "") return name;
  return `${name} (${fileNameOf(place.url)}:${place.line + 1})`;
}

export function nameOf(fn: Function): string {
  return ownName(fn) || "an anonymous function";
}

/** Its `name`, unless a program has made something else of that. */
export function ownName(fn: Function): string {
  const name: unknown = Object.getOwnPropertyDescriptor(fn, "name")?.value;
  return typeof name === "string" ? name : "";
}

/** @throws NotShippableError always. */
export function refuse(subject: string, reason: string, remedy: string): never {
  throw new NotShippableError(`Cannot send ${subject}: ${reason}. ${remedy}`, [subject]);
}

function fileNameOf(url: string): string {
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
