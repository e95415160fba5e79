/**
 * The library's own functions, by name. Installed, they are found as the exports of their modules; in a bundle they are part of the
 * program's one file, and a worker must not get a second, crippled copy by text: it gets the name, and its own library's export.
 */
import type { ModuleRequest } from "../wire/extension.js";

/** The modules whose exports programs send: the two faces, and what a process runs for a subclass. */
export type Face = "index" | "threads" | "run-instance";

export interface FaceExport {
  readonly request: ModuleRequest;
  readonly name: string;
}

const exportsByValue = new Map<unknown, FaceExport>();

/** Notes what such a module exports. */
export function nameFace(face: Face, exports: object): void {
  const request = { specifier: `manyhands:${face}`, parent: undefined };
  for (const [name, value] of Object.entries(exports)) {
    if (typeof value === "function" && !exportsByValue.has(value)) exportsByValue.set(value, { request, name });
  }
}

/** What `fn` is among the library's exports. */
export function faceExport(fn: Function): FaceExport | undefined {
  return exportsByValue.get(fn);
}
