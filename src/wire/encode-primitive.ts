/** Writes numbers, bigints and strings. */
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
