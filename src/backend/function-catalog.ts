/**
 * The functions this host has sent anywhere, by object: each form of a function gets one id, and is encoded once while
 * nothing that it captured has changed.
 */
import { shipFunction } from "../ship/ship.js";
import type { Cargo } from "../wire/extension.js";
import type { Payload } from "../wire/messages.js";
import { messageCodec } from "../ship/codec.js";

/** A function as workers get it. */
export interface CatalogedFunction {
  /** Unique in this host; another form of the same function (its captured values have changed) has another id. */
  readonly functionId: number;
  readonly name: string;
  /** Without its cargo: it is encoded once, and named by many calls. */
  readonly code: Payload;
  /** What keeps alive the shared objects that it had captured at this call, as long as there is the call. */
  readonly cargo?: Cargo;
}

type AnyFunction = (...args: never[]) => unknown;

const forms = new WeakMap<AnyFunction, CatalogedFunction & { readonly version: number }>();
let lastId = 0;

/**
 * Looks at what `fn` has captured at this moment.
 * @throws NotShippableError | EncodeError when it cannot exist in another process.
 */
export function catalogFunction(fn: AnyFunction): CatalogedFunction {
  const { code, version } = shipFunction(fn, messageCodec());
  const form = formOf(fn, code, version);
  return code.cargo === undefined ? form : { ...form, cargo: code.cargo };
}

function formOf(fn: AnyFunction, { body, attachments }: Payload, version: number): CatalogedFunction {
  const known = forms.get(fn);
  if (known?.version === version) return known;
  const name = fn.name === "" ? "anonymous" : fn.name;
  const form = { functionId: ++lastId, name, code: { body, attachments }, version };
  forms.set(fn, form);
  return form;
}
