/** Writes the values that contain no other values: numbers, strings, dates, expressions, binary data, URLs. */
import { types } from "node:util";
import { viewNames, type BuiltinKind } from "./builtin-kinds.js";
import type { GraphWriter } from "./graph.js";
import { attachLimitBytes, maxShortLength, maxTextLength, shortStringTag, tag } from "./tags.js";
import { fitsLatin1 } from "./text-section.js";

export function encodeNumber({ out }: GraphWriter, value: number): void {
  if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
    out.byte(tag.float64);
    out.float64(value);
  } else if (value >= 0 && value <= 0x7f) {
    out.byte(value);
  } else if (value >= -0x80 && value <= 0x7f) {
    out.byte(tag.int8);
    out.byte(value & 0xff);
  } else if (value >= -0x8000 && value <= 0x7fff) {
    out.byte(tag.int16);
    out.int16(value);
  } else {
    out.byte(tag.int32);
    out.int32(value);
  }
}

/** Sign and magnitude, in hexadecimal: the form that JavaScript reads and writes in linear time. */
export function encodeBigint(graph: GraphWriter, value: bigint): void {
  graph.out.byte(tag.bigint);
  graph.out.byte(value < 0n ? 1 : 0);
  graph.string((value < 0n ? -value : value).toString(16));
}

export function encodeString(graph: GraphWriter, text: string): void {
  const { length } = text;
  if (length > maxTextLength) {
    encodeInlineString(graph, text);
    return;
  }
  if (length <= maxShortLength) {
    graph.out.byte(shortStringTag + length);
  } else {
    graph.out.byte(tag.text);
    graph.out.varint(length);
  }
  graph.text.add(text);
}

/** A string that is not in the text section. */
export function encodeInlineString(graph: GraphWriter, text: string): void {
  const { out } = graph;
  const isLatin1 = fitsLatin1(text);
  const sizeBytes = isLatin1 ? text.length : text.length * 2;
  if (sizeBytes >= attachLimitBytes) {
    out.byte(isLatin1 ? tag.attachedLatin1 : tag.attachedUtf16);
    out.varint(text.length);
    const bytes = graph.attach(sizeBytes);
    Buffer.from(bytes.buffer, bytes.byteOffset, sizeBytes).write(text, isLatin1 ? "latin1" : "utf16le");
  } else {
    out.byte(isLatin1 ? tag.latin1 : tag.utf16);
    out.varint(text.length);
    if (isLatin1) out.latin1(text);
    else out.utf16(text);
  }
}

export type LeafKind = Exclude<BuiltinKind, "Object" | "null" | "Array" | "Map" | "Set" | "Error" | "DOMException">;

export function encodeLeaf(graph: GraphWriter, value: object, kind: LeafKind): void {
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
