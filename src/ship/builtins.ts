/** The language's and Node's own functions and objects, found by identity and named by a path: they are never copied. */
import { builtinModules } from "node:module";
import { types } from "node:util";

/** `["globalThis", "Math", "max"]`, or `["node:path", "basename"]`. */
export type BuiltinPath = readonly [root: string, ...steps: string[]];

const globalRoot = "globalThis";
let globals: Map<unknown, BuiltinPath> | undefined;
let fetchGlobals: Map<unknown, BuiltinPath> | undefined;
const moduleExports = new Map<string, Map<unknown, BuiltinPath>>();

export function builtinPath(value: object): BuiltinPath | undefined {
  globals ??= collectGlobals(standardGlobals);
  const known = globals.get(value);
  if (known !== undefined) return known;
  if (isOrdinary(value)) return undefined;
  const { builtins, hasFetch } = loaded();
  if (hasFetch) {
    fetchGlobals ??= collectGlobals(globalsOfFetch);
    const path = fetchGlobals.get(value);
    if (path !== undefined) return path;
  }
  for (const name of builtins) {
    const path = exportsOf(name).get(value);
    if (path !== undefined) return path;
  }
  return undefined;
}

/** The value with this path here. `undefined` when this version of Node does not have it. */
export function builtinAt([root, ...steps]: BuiltinPath): unknown {
  let value: unknown = root === globalRoot ? globalThis : process.getBuiltinModule(root);
  for (const step of steps) {
    if ((typeof value !== "object" || value === null) && typeof value !== "function") return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

/** Most functions and objects are the user's; asking all modules about each of them would cost. */
function isOrdinary(value: object): boolean {
  if (typeof value === "function") return false;
  return types.isProxy(value);
}

function collectGlobals(names: readonly string[]): Map<unknown, BuiltinPath> {
  const found = new Map<unknown, BuiltinPath>([[globalThis, [globalRoot]]]);
  for (const name of names) {
    const value: unknown = Reflect.get(globalThis, name);
    if (value === undefined || value === globalThis) continue;
    add(found, value, [globalRoot, name]);
    if (typeof value === "function") addMembers(found, value.prototype, [globalRoot, name, "prototype"]);
    addMembers(found, value, [globalRoot, name]);
  }
  return found;
}

function exportsOf(moduleName: string): Map<unknown, BuiltinPath> {
  let found = moduleExports.get(moduleName);
  if (found !== undefined) return found;
  found = new Map();
  const root = `node:${moduleName}`;
  const exported: unknown = process.getBuiltinModule(root);
  add(found, exported, [root]);
  addMembers(found, exported, [root]);
  moduleExports.set(moduleName, found);
  return found;
}

function add(found: Map<unknown, BuiltinPath>, value: unknown, path: BuiltinPath): void {
  const isNamed = typeof value === "function" || (typeof value === "object" && value !== null);
  if (isNamed && !found.has(value)) found.set(value, path);
}

function addMembers(found: Map<unknown, BuiltinPath>, holder: unknown, path: BuiltinPath): void {
  if ((typeof holder !== "object" || holder === null) && typeof holder !== "function") return;
  for (const [name, { value }] of Object.entries<PropertyDescriptor>(Object.getOwnPropertyDescriptors(holder))) {
    if (typeof value === "function" && name !== "constructor") add(found, value, [...path, name]);
  }
}

interface Loaded {
  /** Those of the public modules that Node has loaded: to ask others would load them. */
  readonly builtins: readonly string[];
  /** Whether anybody can hold a class of `fetch` by now. */
  readonly hasFetch: boolean;
}

/** Node's list only grows. */
let listLength = -1;
let lastLoaded: Loaded | undefined;

function loaded(): Loaded {
  const found: unknown = Reflect.get(process, "moduleLoadList");
  const list: readonly unknown[] = Array.isArray(found) ? found : [];
  if (lastLoaded === undefined || list.length !== listLength) {
    listLength = list.length;
    const names = new Set(list);
    lastLoaded = {
      builtins: builtinModules.filter((name) => !name.startsWith("_") && names.has(`NativeModule ${name}`)),
      hasFetch: list.length === 0 || names.has("NativeModule internal/deps/undici/undici"),
    };
  }
  return lastLoaded;
}

/** What the language and every version of Node have; a global that a program defines is the program's. */
const standardGlobals: readonly string[] = [
  ...["Object", "Function", "Array", "Number", "parseFloat", "parseInt", "Boolean", "String", "Symbol", "Date", "Promise", "RegExp"],
  ...["Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"],
  // Not in every version: what is missing is passed over. Compiled `using` mentions SuppressedError.
  ...["SuppressedError", "DisposableStack", "AsyncDisposableStack", "Iterator", "Float16Array"],
  ...["JSON", "Math", "Intl", "ArrayBuffer", "SharedArrayBuffer", "Atomics", "DataView", "Map", "Set", "WeakMap", "WeakSet", "WeakRef"],
  ...["Uint8Array", "Int8Array", "Uint16Array", "Int16Array", "Uint32Array", "Int32Array", "Float32Array", "Float64Array"],
  ...["Uint8ClampedArray", "BigUint64Array", "BigInt64Array", "BigInt", "FinalizationRegistry", "Proxy", "Reflect", "WebAssembly"],
  ...["decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "escape", "unescape", "eval", "isFinite", "isNaN"],
  ...["console", "process", "Buffer", "URL", "URLSearchParams", "TextEncoder", "TextDecoder", "AbortController", "AbortSignal"],
  ...["Event", "EventTarget", "MessageChannel", "MessagePort", "Blob", "performance", "structuredClone", "queueMicrotask", "atob", "btoa"],
  ...["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate", "DOMException"],
  "fetch",
];

/** To read one of these makes Node load its HTTP client, which takes longer than everything else here together. */
const globalsOfFetch: readonly string[] = ["Headers", "Request", "Response", "FormData"];
