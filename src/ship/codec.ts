/** The codec of both halves: structured clone, functions and classes, and shared objects. One an isolate. */
import { functionExtension, instanceExtension, loadModule } from "./extension.js";
import { createCodec, type Codec } from "../wire/codec.js";
import { loadSharedKind, sharedObjects } from "../memory/handle.js";
import { faces, sharedKinds } from "./shared-kinds.js";

let codec: Codec | undefined;

export function messageCodec(): Codec {
  return (codec ??= createCodec({
    extensions: [sharedObjects(sharedKinds), functionExtension, instanceExtension],
    loadModule: (request) => loadSharedKind({ ...sharedKinds, ...faces }, request) ?? loadModule(request),
  }));
}
