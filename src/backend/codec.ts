/** The codec of both halves: structured clone, functions and classes, and shared objects. One an isolate. */
import { functionExtension, instanceExtension, loadModule } from "../ship/extension.js";
import { createCodec, type Codec } from "../wire/codec.js";
import { sharedObjects } from "../memory/handle.js";

let codec: Codec | undefined;

export function messageCodec(): Codec {
  return (codec ??= createCodec({
    extensions: [sharedObjects({}), functionExtension, instanceExtension],
    loadModule,
  }));
}
