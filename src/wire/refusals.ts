/** Why a value cannot be sent, and what to do instead. */
import { types } from "node:util";

export function whyRefused(value: unknown): string {
  if (typeof value === "symbol") return `${String(value)} would not be the same symbol in another process; send a string`;
  if (typeof value === "function") return `${nameOf(value)} is a function, and functions cannot be sent through this connection`;
  if (types.isPromise(value)) return "a promise belongs to this process; await it, and send what it resolves to";
  if (types.isWeakMap(value) || types.isWeakSet(value)) return "what a weak collection holds cannot be listed; send a Map or a Set";
  if (types.isSharedArrayBuffer(value)) return "a SharedArrayBuffer is shared within one process only; use SharedMemory or SharedArray";
  if (types.isGeneratorObject(value)) return "a generator is running code; send an array of what it yields";
  if (types.isModuleNamespaceObject(value)) return "a module cannot be sent; import it where it is used";
  return `it is an instance of ${className(value)}, which only exists in this process; send the plain data it holds`;
}

function nameOf(target: Function): string {
  return target.name === "" ? "it" : target.name;
}

function className(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  const constructor: unknown = Reflect.get(value, "constructor");
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "a class without a name";
}
