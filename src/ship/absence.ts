/**
 * What could not follow an instance of a class. Its methods, and for the `this` of an arrow function its properties, often lead to
 * what exists in one process only, such as the very pool that runs the task; most tasks never touch that. So they arrive without,
 * and who touches it is told why it is missing.
 */
import { NotShippableError } from "../errors.js";
import { Replaceable, type EncodeContext } from "../wire/extension.js";

/** Stands for a value that cannot be sent. */
export class Absence {
  readonly name: string;
  readonly reason: string;

  constructor(name: string, reason: string) {
    this.name = name;
    this.reason = reason;
  }
}

/** What the variable or property `name` holds; when it is an object, or a function, and cannot be sent, what stands for it. */
export function orAbsence(name: string, value: unknown): unknown {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return value;
  return new Replaceable(value, (error) => new Absence(name, error instanceof Error ? error.message : String(error)));
}

/** Something that fails, with the reason, however it is used. */
export function absent(name: string, reason: string): object {
  const fail = (): never => {
    throw new NotShippableError(`Cannot use ${name} here: it did not follow its object. ${reason}`);
  };
  const traps = new Proxy({}, { get: () => fail });
  return new Proxy(fail, traps);
}

/** Notes that `owner` is sent for an instance's sake, or as the `this` of an arrow function: what it leads to may be missing. */
export function allowAbsence(owner: object, context: EncodeContext): void {
  const noted = context.notes.get(note);
  if (noted instanceof WeakSet) noted.add(owner);
  else context.notes.set(note, new WeakSet([owner]));
}

export function allowsAbsence(owner: object, context: EncodeContext): boolean {
  const noted = context.notes.get(note);
  return noted instanceof WeakSet && noted.has(owner);
}

const note = "absence";
