/** Functions in messages: by their source text. */
import { runInThisContext } from "node:vm";
import { DecodeError, NotShippableError } from "../errors.js";
import type { CodecExtension, ModuleRequest } from "../wire/extension.js";

export const functionExtension: CodecExtension = {
  name: "function",
  dismantle(value) {
    if (typeof value !== "function") return undefined;
    const source = Function.prototype.toString.call(value);
    if (source.includes("[native code]")) throw new NotShippableError(`Cannot send the function ${value.name}: it has no source`, [value.name]);
    return { header: source, children: [] };
  },
  assemble(header) {
    const value: unknown = runInThisContext(`(${String(header)})`);
    if (typeof value !== "function") throw new DecodeError("Cannot read a function: its source is none");
    return { value, fill() {} };
  },
};

export const instanceExtension: CodecExtension = {
  name: "instance",
  dismantle: () => undefined,
  assemble() {
    throw new DecodeError("Cannot read an instance");
  },
};

export async function loadModule({ specifier }: ModuleRequest): Promise<object> {
  return (await import(specifier)) as object;
}
