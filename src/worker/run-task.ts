/** Runs one task, or one chunk of items, and says how it ended. A rejected promise and a thrown value are the same failure. */
import { messageCodec } from "../ship/codec.js";
import { whileImporting, whileReading } from "../backend/realm.js";
import { DecodeError } from "../errors.js";
import type { HostMessage, Payload } from "../wire/messages.js";
import type { FunctionTable, TaskFunction } from "./function-table.js";

export type Run = Extract<HostMessage, { kind: "run" }>;
export type Chunk = Extract<HostMessage, { kind: "chunk" }>;
export type Work = Run | Chunk;

/** One item that failed, by its place in the chunk. */
export interface ItemFailure {
  readonly index: number;
  readonly error: unknown;
}

export type Answer =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "outcomes"; readonly values: unknown[]; readonly failures: ItemFailure[] };

export async function runOnce(run: Run, functions: FunctionTable): Promise<Answer> {
  try {
    const fn = await functions.get(run.functionId);
    const args = await decodeList(run.args);
    return { kind: "value", value: await fn(...args) };
  } catch (error) {
    return { kind: "error", error };
  }
}

/** What keeps the whole chunk from running is an `error`; what goes wrong with an item is one of its `failures`. */
export async function runChunk(chunk: Chunk, functions: FunctionTable): Promise<Answer> {
  try {
    const fn = await functions.get(chunk.functionId);
    const items = await decodeList(chunk.items);
    return await runItems(items, chunk.spread ? (item) => fn(...argumentsOf(item)) : fn);
  } catch (error) {
    return { kind: "error", error };
  }
}

async function runItems(items: readonly unknown[], call: TaskFunction): Promise<Answer> {
  const values: unknown[] = [];
  const failures: ItemFailure[] = [];
  for (let index = 0; index < items.length; index++) {
    try {
      const result = call(items[index]);
      // Most functions for many small items are not asynchronous: no turn of the microtask queue for each of those.
      values.push(isThenable(result) ? await result : result);
    } catch (error) {
      failures.push({ index, error });
    }
  }
  return { kind: "outcomes", values, failures };
}

async function decodeList(payload: Payload): Promise<unknown[]> {
  const codec = messageCodec();
  const imports = codec.prepare(payload);
  if (imports !== undefined) await whileImporting(imports);
  const list = whileReading(() => codec.decode(payload));
  if (!Array.isArray(list)) throw new DecodeError("Cannot run a task: its arguments are not a list");
  return list as unknown[];
}

function argumentsOf(item: unknown): unknown[] {
  if (Array.isArray(item)) return item;
  throw new TypeError("starmap needs an array of arguments for each call; use map for single values");
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
