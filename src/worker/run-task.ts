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

/** The answer at once, if nothing has to be imported and the function is not asynchronous. */
export function runOnce(run: Run, functions: FunctionTable): Answer | Promise<Answer> {
  try {
    const fn = functions.get(run.functionId);
    const value = fn instanceof Promise ? fn.then((rebuilt) => call(rebuilt, run.args)) : call(fn, run.args);
    return isThenable(value) ? settled(value) : { kind: "value", value };
  } catch (error) {
    return { kind: "error", error };
  }
}

function call(fn: TaskFunction, payload: Payload): unknown {
  const args = decodeList(payload);
  return args instanceof Promise ? args.then((list) => fn(...list)) : fn(...args);
}

async function settled(value: PromiseLike<unknown>): Promise<Answer> {
  try {
    return { kind: "value", value: await value };
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

async function runItems(items: readonly unknown[], callItem: TaskFunction): Promise<Answer> {
  const values: unknown[] = [];
  const failures: ItemFailure[] = [];
  for (let index = 0; index < items.length; index++) {
    try {
      const result = callItem(items[index]);
      // Most functions for many small items are not asynchronous: no turn of the microtask queue for each of those.
      values.push(isThenable(result) ? await result : result);
    } catch (error) {
      failures.push({ index, error });
    }
  }
  return { kind: "outcomes", values, failures };
}

function decodeList(payload: Payload): unknown[] | Promise<unknown[]> {
  const imports = messageCodec().prepare(payload);
  return imports === undefined ? readList(payload) : whileImporting(imports).then(() => readList(payload));
}

function readList(payload: Payload): unknown[] {
  const list = whileReading(() => messageCodec().decode(payload));
  if (!Array.isArray(list)) throw new DecodeError("Cannot run a task: its arguments are not a list");
  return list as unknown[];
}

function argumentsOf(item: unknown): unknown[] {
  if (Array.isArray(item)) return item;
  throw new TypeError("starmap needs an array of arguments for each call; use map for single values");
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayBe = (typeof value === "object" && value !== null) || typeof value === "function";
  return mayBe && "then" in value && typeof value.then === "function";
}
