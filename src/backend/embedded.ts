/** The worker's runtime as text, for programs that were bundled. `npm run build` replaces the compiled form of this file. */

export type EmbeddedKind = "process" | "thread";

export function embeddedRuntime(kind: EmbeddedKind): string {
  throw new Error(`Cannot start a ${kind} worker from a bundle: the library was built without its embedded runtime. Build it with "npm run build".`);
}
