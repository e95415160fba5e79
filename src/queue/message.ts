/** Items between their users and the shared memory of a queue. */
import { ExtentReader } from "../memory/extents.js";
import { messageCodec } from "../ship/codec.js";
import type { Cargo, Encoded } from "../wire/extension.js";
import { recordKind } from "./chunk.js";
import { ofBuffer, ofMessage, ofNumber, readStored, storedFromBytes, toFile, type Payload } from "./payload.js";
import type { RecordItem } from "./record.js";

/** An item that was taken: what its record held, or the file it is in, to be read when the lock has been released. */
export type Taken = RecordItem | ExtentReader;

/**
 * Gets an item ready to be put. A buffer is not copied yet: see `owned`.
 *
 * @throws EncodeError | NotShippableError when it cannot be sent.
 */
export function payloadOf(item: unknown): Payload {
  if (typeof item === "number") return ofNumber(item);
  if (isBuffer(item) && item.length < storedFromBytes) return ofBuffer(item);
  return ofMessage(messageCodec().encode(item, "item"));
}

/** The same item with memory of its own: its owner may change the bytes while it waits for room. */
export function owned<P extends Payload>(payload: P): P {
  return payload.kind === recordKind.buffer ? { ...payload, parts: payload.parts.map((part) => new Uint8Array(part)) } : payload;
}

/** The item has been copied into the queue. */
export function reclaim({ kind, parts: [body] }: Payload): void {
  if (kind === recordKind.body && body !== undefined) messageCodec().reclaim({ body, attachments: [] });
}

/** An item to be decoded later: the memory of a message's body is used again for the next item that is taken. */
export function keep(taken: Taken): Taken {
  return isMessage(taken) ? kept(taken) : taken;
}

/** What was taken, with what keeps alive what it names until it is read. */
export function takenWith(taken: Taken, cargo: Cargo | undefined): Taken {
  if (cargo === undefined || typeof taken === "number" || isBuffer(taken)) return taken;
  if (!(taken instanceof ExtentReader)) return { ...taken, cargo };
  taken.cargo = cargo;
  return taken;
}

/** What was taken as a file has it, which holds a message whatever the item is. */
export function fileOf(item: RecordItem): readonly Uint8Array[] {
  return toFile(ofMessage(isMessage(item) ? item : messageCodec().encode(item, "item")));
}

/** The item, or a promise of it when modules have to be loaded first. */
export function decode(taken: Taken): unknown {
  if (typeof taken === "number" || isBuffer(taken)) return taken;
  const message = messageOf(taken);
  const loading = messageCodec().prepare(message);
  if (loading === undefined) return messageCodec().decode(message);
  const later = kept(message);
  return loading.then(() => messageCodec().decode(later));
}

/** The item, when what it needs is loaded. */
export function decodeSync(taken: Taken): unknown {
  return typeof taken === "number" || isBuffer(taken) ? taken : messageCodec().decode(messageOf(taken));
}

/** Whether a message can be decoded at once. What it still needs begins to be loaded. */
export function isReady(body: Uint8Array): boolean {
  const loading = messageCodec().prepare({ body, attachments: [] });
  // Whoever gets the item is told.
  loading?.catch(() => {});
  return loading === undefined;
}

function messageOf(taken: Encoded | ExtentReader): Encoded {
  return taken instanceof ExtentReader ? readStored(taken) : taken;
}

function isMessage(taken: Taken): taken is Encoded {
  return typeof taken === "object" && !isBuffer(taken) && !(taken instanceof ExtentReader);
}

function kept({ body, attachments, cargo }: Encoded): Encoded {
  return cargo === undefined ? { body: body.slice(), attachments } : { body: body.slice(), attachments, cargo };
}

/** Not of a subclass, which the codec sends in its own way. */
function isBuffer(value: unknown): value is Buffer {
  return value instanceof Uint8Array && Object.getPrototypeOf(value) === Buffer.prototype;
}
