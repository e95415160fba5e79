/**
 * Writes errors so that they come back as what they were: class, message, stack and own properties.
 * Nothing about an error keeps it from being sent: a class that cannot travel arrives as `RemoteError`, and a property that
 * cannot is left out.
 */
import { errorClassOf } from "../errors.js";
import { builtinErrorNames, builtinErrorPrototypes } from "./builtin-kinds.js";
import type { GraphWriter } from "./graph.js";
import { errorClass, tag } from "./tags.js";

const libraryBrand = Symbol.for("manyhands.error");

export function encodeError(graph: GraphWriter, error: object): void {
  graph.out.byte(tag.error);
  graph.rememberAfter(error, () => encodeClass(graph, error));
  encodeText(graph, textOf(error, "message"));
  encodeText(graph, textOf(error, "stack"));
  graph.nest(() => encodeOwnProperties(graph, error));
}

export function encodeDomException(graph: GraphWriter, error: object): void {
  graph.out.byte(tag.domException);
  graph.remember(error);
  encodeText(graph, textOf(error, "message"));
  encodeText(graph, textOf(error, "name"));
  encodeText(graph, textOf(error, "stack"));
  graph.nest(() => encodeOwnProperties(graph, error));
}

function encodeClass(graph: GraphWriter, error: object): void {
  const { out } = graph;
  const prototype = Object.getPrototypeOf(error) as object | null;
  const builtin = builtinClass(prototype);
  const code = libraryCode(prototype);
  if (builtin >= 0) {
    out.byte(errorClass.builtin);
    out.byte(builtin);
  } else if (code !== undefined) {
    out.byte(errorClass.library);
    graph.string(code);
  } else if (!graph.attempt(() => encodeUserClass(graph, prototype))) {
    encodeNameOfClass(graph, error, prototype);
  }
}

/**
 * The index of the language's own class that the error is of, or -1. Node's own errors have classes of their own, which give
 * themselves out for the language's: their `constructor` says so.
 */
function builtinClass(prototype: object | null): number {
  const exact = builtinErrorPrototypes.findIndex((candidate) => candidate === prototype);
  if (exact >= 0 || prototype === null || !Object.hasOwn(prototype, "constructor")) return exact;
  const declared: unknown = Reflect.get(prototype, "constructor");
  return builtinErrorPrototypes.findIndex((candidate) => candidate.constructor === declared);
}

function libraryCode(prototype: object | null): string | undefined {
  if (prototype === null) return undefined;
  const code: unknown = Object.getOwnPropertyDescriptor(prototype, libraryBrand)?.value;
  return typeof code === "string" && errorClassOf(code) !== undefined ? code : undefined;
}

function encodeUserClass(graph: GraphWriter, prototype: object | null): void {
  const constructor: unknown = prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  if (typeof constructor !== "function" || constructor.prototype !== prototype) graph.refuse("its class cannot be found");
  graph.out.byte(errorClass.user);
  graph.whole(constructor, "constructor");
}

/** A class of another realm's builtins is ours by name. All others become `RemoteError`. */
function encodeNameOfClass(graph: GraphWriter, error: object, prototype: object | null): void {
  const name = textOf(error, "name") ?? "Error";
  const isForeignBuiltin = Object.getOwnPropertyDescriptor(prototype ?? {}, "name")?.value === name;
  const builtin = isForeignBuiltin ? builtinErrorNames.findIndex((candidate) => candidate === name) : -1;
  if (builtin >= 0) {
    graph.out.byte(errorClass.builtin);
    graph.out.byte(builtin);
  } else {
    graph.out.byte(errorClass.unknown);
    graph.string(name);
  }
}

function encodeOwnProperties(graph: GraphWriter, error: object): void {
  for (const name of Object.getOwnPropertyNames(error)) {
    if (name === "message" || name === "stack") continue;
    graph.attempt(() => encodeOwnProperty(graph, error, name));
  }
  graph.out.byte(tag.end);
}

function encodeOwnProperty(graph: GraphWriter, error: object, name: string): void {
  const isEnumerable = Object.prototype.propertyIsEnumerable.call(error, name);
  const value: unknown = Reflect.get(error, name);
  if (typeof value === "function" && !isEnumerable) graph.refuse("a hidden method is not data");
  graph.string(name);
  graph.out.byte(isEnumerable ? 1 : 0);
  graph.whole(value, name);
}

function encodeText(graph: GraphWriter, text: string | undefined): void {
  if (text === undefined) graph.out.byte(tag.undefined);
  else graph.string(text);
}

/** `undefined` too when the property is not a string, or reading it throws. */
function textOf(error: object, name: string): string | undefined {
  try {
    const text: unknown = Reflect.get(error, name);
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}
