/** Another isolate, where functions that were sent run: what comes back went through the codec twice. */
import { Worker } from "node:worker_threads";
import { functionExtension, instanceExtension, loadModule } from "#lib/ship/extension.js";
import { shipFunction } from "#lib/ship/ship.js";
import { createCodec, type Codec } from "#lib/wire/codec.js";
import type { Encoded } from "#lib/wire/extension.js";

export interface Elsewhere extends AsyncDisposable {
  /** Sends `fn`, calls it there, and resolves to what it returned. */
  run<Args extends unknown[], Result>(fn: (...args: Args) => Result, ...args: Args): Promise<Awaited<Result>>;
}

export function shipCodec(): Codec {
  return createCodec({ extensions: [functionExtension, instanceExtension], loadModule });
}

interface Reply {
  readonly id: number;
  readonly isError: boolean;
  readonly value: Encoded;
}

export function elsewhere(): Elsewhere {
  const codec = shipCodec();
  const worker = new Worker(new URL("./elsewhere-worker.js", import.meta.url));
  const waiting = new Map<number, (reply: Reply) => void>();
  let lastId = 0;
  worker.on("message", (reply: Reply) => waiting.get(reply.id)?.(reply));
  return {
    async run(fn, ...args) {
      const id = ++lastId;
      const { code } = shipFunction(fn, codec);
      const replied = new Promise<Reply>((resolve) => void waiting.set(id, resolve));
      worker.postMessage({ id, code, args: codec.encode(args, "args") });
      const { isError, value } = await replied;
      await codec.prepare(value);
      const result: unknown = codec.decode(value);
      if (isError) throw result;
      return result as never;
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
