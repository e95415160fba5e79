/** The codec of both halves: structured clone, functions and classes, and shared objects. One an isolate. */
import { functionExtension, instanceExtension, loadModule } from "./extension.js";
import { beginNaming, cargoSince, endNaming, settle } from "../memory/cargo.js";
import { packingMemory } from "../memory/parcel-stock.js";
import type { Destination } from "../memory/reach.js";
import { createCodec, type Codec } from "../wire/codec.js";
import { loadSharedKind, sharedObjects } from "../memory/handle.js";
import { faces, sharedKinds } from "./shared-kinds.js";

let codec: Codec | undefined;

/** For messages that are decoded in any thread. */
export function messageCodec(): Codec {
  return (codec ??= keepingCargo(
    createCodec({
      extensions: [sharedObjects(sharedKinds), functionExtension, instanceExtension],
      loadModule: (request) => loadSharedKind({ ...sharedKinds, ...faces }, request) ?? loadModule(request),
    }),
  ));
}

/** The same codec; what a message names lives as long as the message, which is read once. */
function keepingCargo(plain: Codec): Codec {
  return {
    encode: (value, root, allocate) => {
      const start = beginNaming();
      try {
        const encoded = plain.encode(value, root, allocate);
        const cargo = cargoSince(start);
        return cargo === undefined ? encoded : { ...encoded, cargo };
      } finally {
        endNaming(start);
      }
    },
    reclaim: (encoded) => plain.reclaim(encoded),
    prepare: (encoded) => plain.prepare(encoded),
    decode: (encoded) => {
      try {
        return plain.decode(encoded);
      } finally {
        if (encoded.cargo !== undefined) settle(encoded.cargo);
      }
    },
  };
}

let packing: Codec | undefined;

/** The same for messages that leave through shared memory: it puts their large binary parts there at once. */
export function packingCodec(): Codec {
  const plain = messageCodec();
  return (packing ??= {
    encode: (value, root) => plain.encode(value, root, packingMemory),
    reclaim: (encoded) => plain.reclaim(encoded),
    prepare: (encoded) => plain.prepare(encoded),
    decode: (encoded) => plain.decode(encoded),
  });
}

/** The codec for messages that go to a thread of this process, or to another process. */
export function codecTowards({ sharesMemory }: Destination): Codec {
  return sharesMemory ? messageCodec() : packingCodec();
}
