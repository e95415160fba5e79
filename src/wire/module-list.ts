/**
 * The modules a message needs, at its end, where they can be read without decoding the value:
 *
 *     format.withModules │ … │ count │ (specifier │ has parent? │ parent)* │ size of the list (4 bytes)
 */
import { DecodeError } from "../errors.js";
import { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";
import type { ModuleRequest } from "./extension.js";
import { format, headerSizeBytes } from "./tags.js";

const sizeFieldBytes = 4;
/** An empty specifier without a parent. */
const leastRequestBytes = 2;

export function addModule(list: ModuleRequest[], request: ModuleRequest): void {
  if (!list.some((known) => known.specifier === request.specifier && known.parent === request.parent)) list.push(request);
}

export function writeModules(out: ByteWriter, list: readonly ModuleRequest[]): void {
  const start = out.sizeBytes;
  out.setByte(0, format.withModules);
  out.varint(list.length);
  for (const { specifier, parent } of list) {
    out.text(specifier);
    out.byte(parent === undefined ? 0 : 1);
    if (parent !== undefined) out.text(parent);
  }
  out.int32(out.sizeBytes - start);
}

/** The modules of a message, and the end of what is before them. @throws DecodeError */
export function readModuleList(body: Uint8Array): { readonly modules: readonly ModuleRequest[]; readonly start: number } {
  const end = body.length - sizeFieldBytes;
  const start = end < headerSizeBytes ? -1 : end - new ByteReader(body, end).uint32();
  if (start < headerSizeBytes) throw new DecodeError("Cannot decode a message: its list of modules has a wrong size");
  return { modules: readModules(new ByteReader(body, start, end)), start };
}

function readModules(reader: ByteReader): readonly ModuleRequest[] {
  const modules: ModuleRequest[] = [];
  for (let left = reader.count(leastRequestBytes); left > 0; left--) {
    modules.push({ specifier: reader.text(), parent: reader.flag() ? reader.text() : undefined });
  }
  reader.end();
  return modules;
}
