/** What a process runs when a subclass of `Process` overrides `run()`. */
import { nameFace } from "../ship/face.js";

/** Where a copy of a process object keeps the call that `super.run()` makes. One symbol for all copies of the library. */
const targetKey = Symbol.for("manyhands.target");

/**
 * Calls `run` on a copy of the object: its class, with the properties it had at the start. No constructor runs, and changes to
 * the copy stay in this process.
 */
export function runInstance(
  processClass: { readonly prototype: object },
  properties: object,
  target: (...args: unknown[]) => unknown,
  args: readonly unknown[],
): unknown {
  const copy: unknown = Object.assign(Object.create(processClass.prototype), properties);
  Object.defineProperty(copy, targetKey, { value: () => target(...args) });
  return (copy as { run(): unknown }).run();
}

/** What `super.run()` calls on a copy. */
export function targetOfCopy(copy: object): () => unknown {
  const call: unknown = Reflect.get(copy, targetKey);
  if (typeof call !== "function") throw new TypeError("Cannot run a Process: run() needs an object that a constructor has made");
  return call as () => unknown;
}

nameFace("run-instance", { runInstance });
