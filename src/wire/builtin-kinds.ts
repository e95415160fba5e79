/** Which kinds of object the codec knows by itself; all others are the extensions'. */
import { types } from "node:util";

export type BuiltinKind =
  | "Object"
  | "null"
  | "Array"
  | "Map"
  | "Set"
  | "Error"
  | "DOMException"
  | "Date"
  | "RegExp"
  | "Boxed"
  | "ArrayBuffer"
  | "View"
  | "Buffer"
  | "URL"
  | "URLSearchParams";

/** The typed arrays and DataView, by the code they have on the wire. New ones go to the end. */
export const viewNames = [
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
] as const;

const kindOfName = new Map<string, BuiltinKind>([
  ["Object", "Object"],
  ["Array", "Array"],
  ["Map", "Map"],
  ["Set", "Set"],
  ["Date", "Date"],
  ["RegExp", "RegExp"],
  ["Number", "Boxed"],
  ["String", "Boxed"],
  ["Boolean", "Boxed"],
  ["BigInt", "Boxed"],
  ["ArrayBuffer", "ArrayBuffer"],
  ["DOMException", "DOMException"],
  ...viewNames.map((name) => [name, "View"] as const),
]);

/** Our own realm's prototypes; those of others, and those met first, are added by name. */
const kindOfPrototype = new Map<object, BuiltinKind>([
  [Map.prototype, "Map"],
  [Set.prototype, "Set"],
  [Date.prototype, "Date"],
  [Buffer.prototype, "Buffer"],
  [URL.prototype, "URL"],
  [URLSearchParams.prototype, "URLSearchParams"],
]);

/** Of the language there is one of each everywhere: a copy would be empty. */
const namespaces: readonly unknown[] = [Math, JSON, Reflect, Atomics, Intl, Reflect.get(globalThis, "WebAssembly")];

/** The kind of an object that the codec knows by itself; `undefined` for instances of all other classes. */
export function builtinKindOf(value: object): BuiltinKind | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return namespaces.includes(value) ? undefined : "Object";
  if (prototype === Array.prototype) return "Array";
  if (typeof prototype !== "object" || prototype === null) return types.isModuleNamespaceObject(value) ? undefined : "null";
  const kind = kindOfPrototype.get(prototype) ?? kindByName(prototype);
  if (kind !== undefined) return kind;
  return types.isNativeError(value) || value instanceof Error ? "Error" : undefined;
}

/** Recognises the builtins of every realm (a test runner may run its tests in another) by their native constructor. */
function kindByName(prototype: object): BuiltinKind | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  if (typeof constructor !== "function" || constructor.prototype !== prototype) return undefined;
  const kind = kindOfName.get(constructor.name);
  if (kind === undefined || !isNative(constructor)) return undefined;
  kindOfPrototype.set(prototype, kind);
  return kind;
}

function isNative(constructor: Function): boolean {
  return constructor.name === "DOMException" || Function.prototype.toString.call(constructor).endsWith("{ [native code] }");
}

/** The language's own error classes, by the code they have on the wire. New ones go to the end. */
const builtinErrors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError];

export const builtinErrorNames: readonly string[] = builtinErrors.map(({ name }) => name);
export const builtinErrorPrototypes: readonly object[] = builtinErrors.map(({ prototype }) => prototype);
