/** Reads the values that contain no other values; `encode-leaf.ts` writes them. */
import { types } from "node:util";
import { DecodeError } from "../errors.js";
import { viewNames } from "./builtin-kinds.js";
import type { GraphReader } from "./graph.js";
import { tag } from "./tags.js";

export function decodeBigint(graph: GraphReader): bigint {
  const isNegative = graph.in.flag();
  const digits = graph.string();
  if (!/^[0-9a-f]+$/.test(digits)) throw new DecodeError("Cannot decode a message: an integer in it has no digits");
  try {
    const magnitude = BigInt(`0x${digits}`);
    return isNegative ? -magnitude : magnitude;
  } catch (cause) {
    throw new DecodeError("Cannot decode a message: an integer in it is too large", { cause });
  }
}

/** The string that `head` announces; `undefined` when it announces something else. Short strings are the decoder's own. */
export function decodeString(graph: GraphReader, head: number): string | undefined {
  switch (head) {
    case tag.text:
      return graph.text.take(graph.in.varint());
    case tag.latin1:
      return graph.in.latin1(graph.in.count(1));
    case tag.utf16:
      return graph.in.utf16(graph.in.count(2));
    case tag.attachedLatin1:
      return decodeAttached(graph, graph.in.varint(), "latin1");
    case tag.attachedUtf16:
      return decodeAttached(graph, graph.in.varint() * 2, "utf16le");
    default:
      return undefined;
  }
}

function decodeAttached(graph: GraphReader, sizeBytes: number, encoding: "latin1" | "utf16le"): string {
  const { buffer, byteOffset, byteLength } = graph.attachment(sizeBytes);
  return Buffer.from(buffer, byteOffset, byteLength).toString(encoding);
}

export function decodeLeaf(graph: GraphReader, head: number): object {
  switch (head) {
    case tag.date:
      return remembered(graph, new Date(graph.in.float64()));
    case tag.regexp:
      return remembered(graph, decodeRegExp(graph));
    case tag.boxed:
      return remembered(graph, decodeBoxed(graph));
    case tag.arrayBuffer:
    case tag.attachedArrayBuffer:
      return remembered(graph, decodeArrayBuffer(graph, head));
    case tag.resizable:
      return remembered(graph, decodeResizable(graph));
    case tag.view:
      return decodeView(graph);
    case tag.buffer:
    case tag.attachedBuffer:
      return remembered(graph, decodeBuffer(graph, head));
    case tag.url:
      return remembered(graph, decodeUrl(graph));
    case tag.urlSearchParams:
      return remembered(graph, new URLSearchParams(graph.string()));
    case tag.byReference:
      return remembered(graph, decodeByReference(graph));
    default:
      throw new DecodeError(`Cannot decode a message: there is no tag ${head}`);
  }
}

function remembered<Value extends object>(graph: GraphReader, value: Value): Value {
  graph.remember(value);
  return value;
}

function decodeRegExp(graph: GraphReader): RegExp {
  const source = graph.string();
  const flags = graph.string();
  try {
    return new RegExp(source, flags);
  } catch (cause) {
    throw new DecodeError("Cannot decode a message: a regular expression in it is not valid here", { cause });
  }
}

function decodeBoxed(graph: GraphReader): object {
  const primitive = graph.value();
  if (typeof primitive === "object" || typeof primitive === "function" || primitive === undefined) {
    throw new DecodeError("Cannot decode a message: a boxed value in it is not a primitive");
  }
  return Object(primitive) as object;
}

function decodeUrl(graph: GraphReader): URL {
  const href = graph.string();
  if (!URL.canParse(href)) throw new DecodeError("Cannot decode a message: a URL in it is not valid");
  return new URL(href);
}

function decodeArrayBuffer(graph: GraphReader, head: number): ArrayBuffer {
  if (head === tag.arrayBuffer) return new Uint8Array(inlineBytes(graph)).buffer;
  const part = graph.attachment(graph.in.varint());
  return ownBuffer(part) ?? new Uint8Array(part).buffer;
}

/** The memory of a part that owns all of it: taken over instead of copied. */
function ownBuffer(part: Uint8Array): ArrayBuffer | undefined {
  const { buffer, byteLength } = part;
  if (byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer) || Reflect.get(buffer, "resizable") === true) return undefined;
  return buffer;
}

function decodeBuffer(graph: GraphReader, head: number): Buffer {
  if (head === tag.buffer) return Buffer.from(inlineBytes(graph));
  const part = graph.attachment(graph.in.varint());
  const own = ownBuffer(part);
  return own === undefined ? Buffer.from(part) : Buffer.from(own);
}

function decodeByReference(graph: GraphReader): SharedArrayBuffer {
  const { buffer } = graph.attachment(graph.in.varint());
  if (!types.isSharedArrayBuffer(buffer)) throw new DecodeError("Cannot decode a message: shared memory in it has come as a copy");
  return buffer;
}

function inlineBytes(graph: GraphReader): Uint8Array {
  return graph.in.bytes(graph.in.count(1));
}

function decodeResizable(graph: GraphReader): ArrayBuffer {
  const maxByteLength = graph.in.varint();
  const bytes = new Uint8Array(decodeArrayBuffer(graph, graph.in.byte()));
  try {
    const buffer = Reflect.construct<unknown[], ArrayBuffer>(ArrayBuffer, [bytes.length, { maxByteLength }]);
    new Uint8Array(buffer).set(bytes);
    return buffer;
  } catch (cause) {
    throw new DecodeError(`Cannot decode a message: no room for a buffer that may grow to ${maxByteLength} bytes`, { cause });
  }
}

function decodeView(graph: GraphReader): ArrayBufferView {
  const name = viewNames[graph.in.byte()];
  const buffer = graph.value();
  const byteOffset = graph.in.varint();
  const length = graph.in.flag() ? undefined : graph.in.varint();
  const View: unknown = name === undefined ? undefined : Reflect.get(globalThis, name);
  if (typeof View !== "function" || !isAnyBuffer(buffer)) throw new DecodeError("Cannot decode a message: a view in it has no buffer");
  try {
    return remembered(graph, Reflect.construct(View, [buffer, byteOffset, length]) as ArrayBufferView);
  } catch (cause) {
    throw new DecodeError("Cannot decode a message: a view in it does not lie within its buffer", { cause });
  }
}

function isAnyBuffer(value: unknown): value is ArrayBufferLike {
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}
