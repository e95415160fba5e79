/**
 * The codecs of connections between programs. Values are copied as everywhere; but memory is shared within one program only,
 * so no handle on it crosses, except for SharedMemory, which has a name that every program of the user can attach to.
 *
 * A function that arrives is code that runs here. So functions and classes travel only where both sides have proved that they
 * have the same key; otherwise neither is one sent, nor is one that comes put together.
 */
import { DecodeError, EncodeError } from "../errors.js";
import { isShareable, loadSharedKind } from "../memory/handle.js";
import { fromHandle, SharedMemory } from "../shared/shared-memory.js";
import { functionExtension, instanceExtension, loadModule } from "../ship/extension.js";
import { faces } from "../ship/shared-kinds.js";
import { createCodec, type Codec } from "../wire/codec.js";
import type { CodecExtension, ModuleRequest } from "../wire/extension.js";

let codecs: { readonly trusting: Codec; readonly plain: Codec } | undefined;

/** The codec for a connection; `isTrusted` when both sides have proved that they have the same key. */
export function programCodec({ isTrusted }: { readonly isTrusted: boolean }): Codec {
  codecs ??= {
    trusting: createCodec({
      extensions: [namedObjects, functionExtension, instanceExtension],
      loadModule: (request) => loadSharedKind(faces, request) ?? loadModule(request),
    }),
    plain: createCodec({ extensions: [namedObjects, noFunctions], loadModule: refuseModule }),
  };
  return isTrusted ? codecs.trusting : codecs.plain;
}

const namedObjects: CodecExtension = {
  name: "named",
  dismantle(value, context) {
    if (!isShareable(value)) return undefined;
    if (value instanceof SharedMemory) return { header: value.name, children: [] };
    const path = context.path();
    throw new EncodeError(
      `Cannot send ${path} to another program: a ${nameOfClass(value)} lives in the memory of the program that made it. ` +
        `Send plain data, or share bytes through SharedMemory, which travels by its name`,
      path,
    );
  },
  assemble: (header) => ({ value: fromHandle(header), fill() {} }),
};

const noFunctions: CodecExtension = {
  name: "no-functions",
  dismantle(value, context) {
    if (typeof value !== "function") return undefined;
    const path = context.path();
    throw new EncodeError(
      `Cannot send ${path} to another program: ${value.name === "" ? "it" : value.name} is a function, and functions travel only where both ` +
        `sides have proved who they are. Give the listener and the client the same authKey`,
      path,
    );
  },
  assemble() {
    throw new DecodeError("Cannot receive a value: it is malformed");
  },
};

function refuseModule({ specifier }: ModuleRequest): Promise<object> {
  return Promise.reject(
    new DecodeError(
      `Cannot receive a value: it needs the module ${specifier}, and no code is run for a program that has not proved who it is`,
    ),
  );
}

function nameOfClass(value: object): string {
  if (typeof value === "function") return value.name;
  const constructor: unknown = Reflect.get(value, "constructor");
  return typeof constructor === "function" ? constructor.name : "shared object";
}
