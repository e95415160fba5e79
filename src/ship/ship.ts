/** Functions as a host sends them: encoded once while nothing that they captured has changed. */
import { isShareable } from "../memory/handle.js";
import type { Codec } from "../wire/codec.js";
import { type Encoded, isByReference } from "../wire/extension.js";
import { Cell } from "./cell.js";
import { dissect } from "./dissect.js";
import { receivedForm } from "./received.js";
import { nameOf } from "./refusal.js";

export interface ShippedCode {
  readonly code: Encoded;
  /** The same number means the same bytes as the last time. */
  readonly version: number;
}

interface Shipment extends ShippedCode {
  readonly codec: Codec;
  /** The functions of which it consists, when none of them captured anything that can change. */
  readonly fixed: readonly Function[] | undefined;
}

const shipments = new WeakMap<Function, Shipment>();
let lastVersion = 0;

/**
 * Takes `fn` apart, with the values that its captures have now.
 * @throws NotShippableError | EncodeError when it, or something it captured, cannot exist in another process.
 */
export function shipFunction(fn: Function, codec: Codec): ShippedCode {
  const last = shipments.get(fn);
  if (last?.codec === codec && last.fixed?.every(isBare) === true) return last;
  const code = codec.encode(fn, nameOf(fn));
  if (last?.codec === codec && isSame(last.code, code)) return last;
  const shipment = { code, version: ++lastVersion, codec, fixed: fixedParts(fn) };
  shipments.set(fn, shipment);
  return shipment;
}

/** All functions that go with `fn`; `undefined` when something among them can change. */
function fixedParts(fn: Function): readonly Function[] | undefined {
  const parts = new Set([fn]);
  for (const part of parts) {
    const values = capturedBy(part);
    if (values === undefined || !isBare(part)) return undefined;
    for (const value of values) {
      if (typeof value === "function") parts.add(value);
      else if (value instanceof Cell || (typeof value === "object" && value !== null)) return undefined;
    }
  }
  return [...parts];
}

function capturedBy(fn: Function): readonly unknown[] | undefined {
  // What travels as a handle, as a class of structs does, is not taken apart.
  if (receivedForm(fn) !== undefined || isShareable(fn)) return undefined;
  const dissection = dissect(fn);
  if (dissection.kind === "named") return dissection.children;
  return dissection.code.isSettled ? dissection.code.bound.map(({ value }) => value) : undefined;
}

/** Nothing was put on the function, which could change. */
function isBare(fn: Function): boolean {
  if (Object.keys(fn).length > 0) return false;
  const prototype: unknown = fn.prototype;
  return typeof prototype !== "object" || prototype === null || Object.keys(prototype).length === 0;
}

function isSame(some: Encoded, other: Encoded): boolean {
  if (some.attachments.length !== other.attachments.length) return false;
  if (Buffer.compare(some.body, other.body) !== 0) return false;
  return some.attachments.every((part, index) => isSamePart(part, other.attachments[index]));
}

/** What is shared is the same as long as it is the same memory, whatever is in it. */
function isSamePart(some: Uint8Array, other: Uint8Array | undefined): boolean {
  if (other === undefined) return false;
  return isByReference(some) || isByReference(other) ? some.buffer === other.buffer : Buffer.compare(some, other) === 0;
}
