/**
 * Instances of the user's classes: the class is sent, then the instance's own properties, and its prototype is restored. No
 * constructor runs. The header says what kind of object the language makes for such a class; the children are the class, the
 * names of the properties, the contents of a collection, and the values of the properties.
 */
import { types } from "node:util";
import { DecodeError, NotShippableError } from "../errors.js";
import type { Assembly, CodecExtension } from "../wire/extension.js";
import { allowAbsence, allowsAbsence, orAbsence } from "./absence.js";
import { belongsToNode } from "./node-code.js";
import { hasPrivateMembers } from "./private-members.js";
import { chainTo } from "./trace.js";

type Base = "Object" | "Array" | "Map" | "Set";

const bases: readonly (readonly [Base, object])[] = [
  ["Object", Object.prototype],
  ["Array", Array.prototype],
  ["Map", Map.prototype],
  ["Set", Set.prototype],
];

export const instanceExtension: CodecExtension = {
  name: "instance",
  dismantle(value, context) {
    if (typeof value === "function") return undefined;
    const found = classOf(value);
    if (found === undefined) return refuseCaptured(value);
    const { constructor, base } = found;
    if (hasPrivateMembers(constructor))
      refuse(value, `it is an instance of ${constructor.name}, whose private members cannot be read from outside`);
    allowAbsence(constructor, context);
    const names = Object.keys(value);
    const values = names.map((name): unknown => Reflect.get(value, name));
    const sent = allowsAbsence(value, context) ? values.map((item, index) => orAbsence(names[index] ?? "", item)) : values;
    return { header: base, children: [constructor, names, contentsOf(value), ...sent] };
  },
  assemble: assembleInstance,
};

/** The class of an object, and what its chain of classes ends in. `undefined` when a class of the chain is not the user's. */
function classOf(value: object): { readonly constructor: Function; readonly base: Base } | undefined {
  const prototype: object | null = Object.getPrototypeOf(value) as object | null;
  const constructor = prototype === null ? undefined : constructorOf(prototype);
  if (constructor === undefined) return undefined;
  for (let current = prototype; current !== null; current = Object.getPrototypeOf(current) as object | null) {
    const base = bases.find(([, candidate]) => candidate === current);
    if (base !== undefined) return isOfBase(value, base[0]) ? { constructor, base: base[0] } : undefined;
    const owner = constructorOf(current);
    if (owner === undefined || belongsToNode(owner)) return undefined;
  }
  return undefined;
}

function constructorOf(prototype: object): Function | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof constructor === "function" && constructor.prototype === prototype ? constructor : undefined;
}

function isOfBase(value: object, base: Base): boolean {
  if (base === "Array") return Array.isArray(value);
  if (base === "Map") return types.isMap(value);
  return base === "Set" ? types.isSet(value) : !types.isNativeError(value);
}

function contentsOf(value: object): unknown[] {
  if (types.isMap(value)) return [...Map.prototype.entries.call(value)];
  return types.isSet(value) ? [...Set.prototype.values.call(value)] : [];
}

/** What a function captured is refused here, where the way to it is known; the rest by the codec, which knows the path. */
function refuseCaptured(value: object): undefined {
  if (chainTo(value).length > 0) refuse(value, `it is an instance of ${classNameOf(value)}, which only exists in this process`);
}

function refuse(value: object, reason: string): never {
  const chain = chainTo(value);
  if (chain.length === 0)
    throw new NotShippableError(`Cannot send an object: ${reason}. Send the plain data it holds`, [classNameOf(value)]);
  const [subject = ""] = chain.slice(-2);
  const name = chain.at(-1) ?? "";
  throw new NotShippableError(
    `Cannot send ${chain[0] ?? subject}: ${subject} captured ${name} (class ${classNameOf(value)}); ${reason}. ` +
      `Make it inside the function, or export the function from its own module, and each worker will import it`,
    [...chain, `class ${classNameOf(value)}`],
  );
}

function classNameOf(value: object): string {
  if (types.isProxy(value)) return "Proxy";
  const constructor: unknown = Reflect.get(value, "constructor");
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "without a name";
}

function assembleInstance(header: unknown): Assembly {
  const value = emptyOf(header);
  return {
    value,
    fill([constructor, names, contents, ...values]) {
      const prototype: unknown = typeof constructor === "function" ? constructor.prototype : undefined;
      if (typeof prototype !== "object" || prototype === null) throw new DecodeError("Cannot read an instance: its class is missing");
      Object.setPrototypeOf(value, prototype);
      for (const [index, name] of (Array.isArray(names) ? names : []).entries()) {
        Object.defineProperty(value, String(name), { value: values[index], writable: true, enumerable: true, configurable: true });
      }
      if (types.isMap(value)) for (const [key, item] of pairsOf(contents)) Map.prototype.set.call(value, key, item);
      if (types.isSet(value) && Array.isArray(contents)) for (const item of contents) Set.prototype.add.call(value, item);
    },
  };
}

function emptyOf(header: unknown): object {
  switch (header) {
    case "Object":
      return {};
    case "Array":
      return [];
    case "Map":
      return new Map();
    case "Set":
      return new Set();
    default:
      throw new DecodeError("Cannot read an instance: it is of another version of the library");
  }
}

function pairsOf(value: unknown): readonly (readonly unknown[])[] {
  return Array.isArray(value) ? value.filter((pair): pair is unknown[] => Array.isArray(pair)) : [];
}
