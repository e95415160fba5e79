import { parentPort } from "node:worker_threads";
import type { Encoded } from "#lib/wire/extension.js";
import { shipCodec } from "./elsewhere.js";

const codec = shipCodec();

parentPort?.on("message", async ({ id, code, args }: { id: number; code: Encoded; args: Encoded }) => {
  try {
    await codec.prepare(code);
    await codec.prepare(args);
    const fn = codec.decode(code) as (...args: unknown[]) => unknown;
    const value = await fn(...(codec.decode(args) as unknown[]));
    parentPort?.postMessage({ id, isError: false, value: codec.encode(value, "result") });
  } catch (error) {
    parentPort?.postMessage({ id, isError: true, value: codec.encode(error, "error") });
  }
});
