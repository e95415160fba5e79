/**
 * The modules a message needs, at its end, where they can be read without decoding the value:
 *
 *     format.withModules │ value … │ count │ (specifier │ has parent? │ parent)* │ size of the list (4 bytes)
 */
import { DecodeError } from "../errors.js";
import { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";
import type { ModuleRequest } from "./extension.js";
import { format } from "./tags.js";

const sizeFieldBytes = 4;
/** An empty specifier without a parent. */
const leastRequestBytes = 2;

export function addModule(list: ModuleRequest[], request: ModuleRequest): void {
  if (!list.some((known) => known.specifier === request.specifier && known.parent === request.parent)) list.push(request);
}

export function writeModules(out: ByteWriter, list: readonly ModuleRequest[]): void {
  const start = out.sizeBytes;
  out.setFirst(format.withModules);
  out.varint(list.length);
  for (const { specifier, parent } of list) {
    out.text(specifier);
    out.byte(parent === undefined ? 0 : 1);
    if (parent !== undefined) out.text(parent);
  }
  out.int32(out.sizeBytes - start);
}

/** Splits a message into its value, without the format, and the modules it needs. @throws DecodeError */
export function splitModules(body: Uint8Array): { readonly value: Uint8Array; readonly modules: readonly ModuleRequest[] } {
  if (body[0] === format.plain) return { value: body.subarray(1), modules: [] };
  if (body[0] !== format.withModules) throw new DecodeError("Cannot decode a message: it is of another version of the library");
  const end = body.length - sizeFieldBytes;
  if (end < 1) throw new DecodeError("Cannot decode a message: it ends too early");
  const start = end - new ByteReader(body.subarray(end)).int32();
  if (start < 1 || start >= end) throw new DecodeError("Cannot decode a message: its list of modules has a wrong size");
  return { value: body.subarray(1, start), modules: readModules(new ByteReader(body.subarray(start, end))) };
}

function readModules(reader: ByteReader): readonly ModuleRequest[] {
  const modules: ModuleRequest[] = [];
  for (let left = reader.count(leastRequestBytes); left > 0; left--) {
    modules.push({ specifier: reader.text(), parent: reader.flag() ? reader.text() : undefined });
  }
  reader.end();
  return modules;
}
