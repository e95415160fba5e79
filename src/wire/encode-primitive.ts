/** Writes numbers, bigints and strings. */
import type { GraphWriter } from "./graph.js";
import { attachLimitBytes, maxShortLength, shortStringTag, tag } from "./tags.js";

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

/** Longer strings are copied faster by native code. */
const maxLoopedLength = 24;

export function encodeString(graph: GraphWriter, text: string): void {
  const { out } = graph;
  if (text.length > maxLoopedLength) {
    encodeLongString(graph, text);
    return;
  }
  const sizeBytes = out.sizeBytes;
  out.byte(shortStringTag + text.length);
  if (out.tryShortLatin1(text)) return;
  out.rewind(sizeBytes);
  out.byte(tag.utf16);
  out.varint(text.length);
  out.utf16(text);
}

function encodeLongString(graph: GraphWriter, text: string): void {
  const { out } = graph;
  const isLatin1 = fitsLatin1(text);
  const sizeBytes = isLatin1 ? text.length : text.length * 2;
  if (sizeBytes >= attachLimitBytes) {
    out.byte(isLatin1 ? tag.attachedLatin1 : tag.attachedUtf16);
    out.varint(text.length);
    const bytes = graph.attach(sizeBytes);
    Buffer.from(bytes.buffer, bytes.byteOffset, sizeBytes).write(text, isLatin1 ? "latin1" : "utf16le");
    return;
  }
  if (isLatin1 && text.length <= maxShortLength) {
    out.byte(shortStringTag + text.length);
  } else {
    out.byte(isLatin1 ? tag.latin1 : tag.utf16);
    out.varint(text.length);
  }
  if (isLatin1) out.latin1(text);
  else out.utf16(text);
}

/** ASCII is told by its size in UTF-8, which native code counts many characters at a time. */
function fitsLatin1(text: string): boolean {
  return Buffer.byteLength(text) === text.length || !/[^\0-\xff]/.test(text);
}
