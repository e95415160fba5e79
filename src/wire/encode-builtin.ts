/** Writes the builtin objects that contain no other values: dates, expressions, boxed primitives, binary data, URLs. */
import { types } from "node:util";
import { viewNames, type BuiltinKind } from "./builtin-kinds.js";
import type { GraphWriter } from "./graph.js";
import { tag } from "./tags.js";

export type LeafKind = Exclude<BuiltinKind, "Object" | "null" | "Array" | "Map" | "Set" | "Error" | "DOMException">;

export function encodeBuiltin(graph: GraphWriter, value: object, kind: LeafKind): void {
  switch (kind) {
    case "Date":
      return encodeDate(graph, value);
    case "RegExp":
      return encodeRegExp(graph, value as RegExp);
    case "Boxed":
      return encodeBoxed(graph, value);
    case "ArrayBuffer":
      return encodeArrayBuffer(graph, value as ArrayBuffer);
    case "View":
      return encodeView(graph, value as ArrayBufferView);
    case "Buffer":
      graph.remember(value);
      return graph.blob(value as Buffer, tag.buffer, tag.attachedBuffer);
    case "URL":
      graph.remember(value);
      graph.out.byte(tag.url);
      return graph.string((value as URL).href);
    case "URLSearchParams":
      graph.remember(value);
      graph.out.byte(tag.urlSearchParams);
      return graph.string(URLSearchParams.prototype.toString.call(value));
  }
}

function encodeDate(graph: GraphWriter, value: object): void {
  const time = Date.prototype.getTime.call(value);
  graph.remember(value);
  graph.out.byte(tag.date);
  graph.out.float64(time);
}

function encodeRegExp(graph: GraphWriter, value: RegExp): void {
  graph.remember(value);
  graph.out.byte(tag.regexp);
  graph.string(value.source);
  graph.string(value.flags);
}

function encodeBoxed(graph: GraphWriter, value: object): void {
  graph.remember(value);
  graph.out.byte(tag.boxed);
  graph.value(unbox(value), ".valueOf()");
}

function unbox(value: object): unknown {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  return BigInt.prototype.valueOf.call(value);
}

function encodeArrayBuffer(graph: GraphWriter, value: ArrayBuffer): void {
  const bytes = new Uint8Array(value);
  graph.remember(value);
  const maxSizeBytes = maxSizeOfResizable(value);
  if (maxSizeBytes !== undefined) {
    graph.out.byte(tag.resizable);
    graph.out.varint(maxSizeBytes);
  }
  graph.blob(bytes, tag.arrayBuffer, tag.attachedArrayBuffer);
}

/**
 * A view arrives over the same part of the same buffer. Whether a view of a resizable buffer follows its end cannot be
 * asked; one that reaches the end is taken to follow it, as it does unless it was made with a length.
 */
function encodeView(graph: GraphWriter, view: ArrayBufferView): void {
  const { buffer, byteOffset, byteLength } = view;
  const name = viewNames.find((candidate) => candidate === Object.prototype.toString.call(view).slice(8, -1));
  if (name === undefined) graph.refuse("it is a view of an unknown kind");
  const followsEnd = maxSizeOfResizable(buffer) !== undefined && byteOffset + byteLength === buffer.byteLength;
  graph.out.byte(tag.view);
  graph.out.byte(viewNames.indexOf(name));
  graph.value(buffer, "buffer");
  graph.remember(view);
  graph.out.varint(byteOffset);
  graph.out.byte(followsEnd ? 1 : 0);
  if (!followsEnd) graph.out.varint("length" in view ? Number(view.length) : byteLength);
}

function maxSizeOfResizable(buffer: ArrayBufferLike): number | undefined {
  return Reflect.get(buffer, "resizable") === true ? Number(Reflect.get(buffer, "maxByteLength")) : undefined;
}
