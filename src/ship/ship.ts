import type { Codec } from "../wire/codec.js";
import type { Encoded } from "../wire/extension.js";

export interface ShippedCode {
  readonly code: Encoded;
  /** The same number means the same bytes as the last time. */
  readonly version: number;
}

const shipped = new WeakMap<object, ShippedCode>();

export function shipFunction(fn: object, codec: Codec): ShippedCode {
  let known = shipped.get(fn);
  if (known === undefined) shipped.set(fn, (known = { code: codec.encode(fn, "function"), version: 1 }));
  return known;
}
