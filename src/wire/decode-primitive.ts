/** Reads bigints and the strings that travel beside the body. */
import { DecodeError } from "../errors.js";
import type { GraphReader } from "./graph.js";

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

export function decodeAttachedString(graph: GraphReader, encoding: "latin1" | "utf16le"): string {
  const length = graph.in.varint();
  const { buffer, byteOffset, byteLength } = graph.attachment(encoding === "latin1" ? length : length * 2);
  return Buffer.from(buffer, byteOffset, byteLength).toString(encoding);
}
