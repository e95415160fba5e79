/** Messages between the codec and the shared memory of a queue. */
import { ExtentReader } from "../memory/extents.js";
import { messageCodec } from "../ship/codec.js";
import type { Encoded } from "../wire/extension.js";
import { recordKind } from "./chunk.js";
import type { Taken } from "./item-chain.js";
import { readStored, type Payload } from "./payload.js";

/** An item to be decoded later. */
export function keep(taken: Taken): Taken {
  return taken instanceof ExtentReader ? taken : kept(taken);
}

/** A message to be decoded later: the memory of its body is used again for the next item that is taken. */
export function kept({ body, attachments }: Encoded): Encoded {
  return { body: body.slice(), attachments };
}

/** The item has been copied into the queue. */
export function reclaim({ kind, parts: [body] }: Payload): void {
  if (kind === recordKind.body && body !== undefined) messageCodec().reclaim({ body, attachments: [] });
}

/** The message of an item; reads it when it is in a file. */
export function messageOf(taken: Taken): Encoded {
  return taken instanceof ExtentReader ? readStored(taken) : taken;
}

/** Whether a message can be decoded at once. What it still needs begins to be loaded. */
export function isReady(body: Uint8Array): boolean {
  const loading = messageCodec().prepare({ body, attachments: [] });
  // Whoever gets the item is told.
  loading?.catch(() => {});
  return loading === undefined;
}
