/** Reads bigints and strings. */
import { DecodeError } from "../errors.js";
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
