/** Reads errors. No constructor of a user's class runs: an ordinary error is made and given the class's prototype. */
import { DecodeError, errorClassOf, RemoteError } from "../errors.js";
import { builtinErrorPrototypes } from "./builtin-kinds.js";
import type { GraphReader } from "./graph.js";
import { errorClass, tag } from "./tags.js";

export function decodeError(graph: GraphReader): Error {
  const id = graph.reserve();
  const error = decodeClass(graph);
  graph.settle(id, error);
  setHidden(error, "message", decodeText(graph));
  setHidden(error, "stack", decodeText(graph));
  graph.nest(() => decodeOwnProperties(graph, error));
  return error;
}

export function decodeDomException(graph: GraphReader): DOMException {
  const message = decodeText(graph);
  const name = decodeText(graph);
  const stack = decodeText(graph);
  const exception = withoutTrace(() => new DOMException(message, name));
  graph.remember(exception);
  setHidden(exception, "stack", stack);
  graph.nest(() => decodeOwnProperties(graph, exception));
  return exception;
}

function decodeClass(graph: GraphReader): Error {
  const kind = graph.in.byte();
  switch (kind) {
    case errorClass.builtin:
      return bareError(builtinErrorPrototypes[graph.in.byte()]);
    case errorClass.library:
      return bareError(errorClassOf(graph.string())?.prototype);
    case errorClass.user:
      return bareError(prototypeOf(graph.whole()));
    case errorClass.unknown:
      return remoteError(graph.string());
    default:
      throw new DecodeError(`Cannot decode a message: there is no class ${kind} of errors`);
  }
}

function bareError(prototype: object | undefined): Error {
  if (prototype === undefined) throw new DecodeError("Cannot decode a message: an error in it has no class");
  return Object.setPrototypeOf(
    withoutTrace(() => new Error()),
    prototype,
  ) as Error;
}

function remoteError(remoteName: string): Error {
  const error = bareError(RemoteError.prototype);
  return Object.assign(error, { code: "ERR_REMOTE", remoteName });
}

function prototypeOf(constructor: unknown): object | undefined {
  const prototype: unknown = typeof constructor === "function" ? constructor.prototype : undefined;
  return typeof prototype === "object" && prototype !== null ? prototype : undefined;
}

/** The trace here is of no use: the error's own replaces it. */
function withoutTrace<Value>(make: () => Value): Value {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function decodeText(graph: GraphReader): string | undefined {
  return graph.in.skip(tag.undefined) ? undefined : graph.string();
}

function setHidden(error: Error, name: string, value: unknown): void {
  if (value !== undefined) Object.defineProperty(error, name, { value, writable: true, configurable: true, enumerable: false });
}

function decodeOwnProperties(graph: GraphReader, error: Error): void {
  while (!graph.in.skip(tag.end)) {
    const name = graph.string();
    const enumerable = graph.in.flag();
    Object.defineProperty(error, name, { value: graph.whole(), writable: true, configurable: true, enumerable });
  }
}
