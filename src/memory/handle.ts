/**
 * How a shared object travels: it becomes a handle (plain data that names the object within the session) and a live
 * object again on arrival, on the same memory.
 *
 *     sender                                   receiver
 *     lock[handleOf]()  ── { kind, data } ──▶  fromHandle(data) of the module that owns `kind`
 *
 * Every module of a kind exports `fromHandle(data: unknown)`, which checks what it is given. The receiver loads it only
 * when the first handle of its kind arrives.
 */
import type { CodecExtension, ModuleRequest } from "../wire/extension.js";
import { DecodeError } from "../errors.js";

/** The key of the method that turns a shared object into its handle. The same symbol in every copy of the library. */
export const handleOf: unique symbol = Symbol.for("manyhands.handle");

/** A shared object as data. */
export interface Handle {
  /** Names the module that knows the object: `"lock"`. */
  readonly kind: string;
  /** What `fromHandle` of that module needs: plain data, or values the codec can carry. */
  readonly data: unknown;
}

/** An object that other processes can hold, too. */
export interface Shareable {
  /**
   * The handle, for one message. While one is encoded, calling it keeps the memory as long as there is the message, even if
   * the sender lets go of its own object before that arrives (cargo.ts).
   */
  [handleOf](): Handle;
}

/** Whether the value is a shared object, or a class that travels as one: then the method is its own, not inherited. */
export function isShareable(value: unknown): value is Shareable {
  if (typeof value === "function") return Object.hasOwn(value, handleOf);
  return typeof value === "object" && value !== null && handleOf in value && typeof value[handleOf] === "function";
}

/** Loads the module of each kind of shared object. */
export type SharedKinds = Readonly<Record<string, () => Promise<object>>>;

/** What makes shared objects of these kinds travel, for the codec. */
export function sharedObjects(kinds: SharedKinds): CodecExtension {
  return {
    name: "shared",
    dismantle(value, context) {
      if (!isShareable(value)) return undefined;
      const { kind, data } = value[handleOf]();
      if (!Object.hasOwn(kinds, kind)) throw new TypeError(`Cannot send a shared object: the kind "${kind}" is unknown`);
      context.require(moduleOf(kind));
      return { header: [kind, data], children: [] };
    },
    assemble(header, context) {
      if (!Array.isArray(header) || typeof header[0] !== "string")
        throw new DecodeError("Cannot read a shared object: its handle is malformed.");
      const namespace = context.module(moduleOf(header[0]));
      if (!canReceive(namespace))
        throw new DecodeError(`Cannot read a shared object: the module of the kind "${header[0]}" has no fromHandle.`);
      const value = namespace.fromHandle(header[1]);
      if ((typeof value !== "object" && typeof value !== "function") || value === null)
        throw new DecodeError(`Cannot read a shared object: "${header[0]}" returned no object.`);
      return { value, fill() {} };
    },
  };
}

/** Starts loading the module of a kind, if that is what is asked for. */
export function loadSharedKind(kinds: SharedKinds, { specifier }: ModuleRequest): Promise<object> | undefined {
  const kind = specifier.startsWith(scheme) ? specifier.slice(scheme.length) : undefined;
  return kind !== undefined && Object.hasOwn(kinds, kind) ? kinds[kind]?.() : undefined;
}

/** A kind among the modules a message needs: a name of ours, which holds wherever the library is installed or bundled. */
function moduleOf(kind: string): ModuleRequest {
  return { specifier: scheme + kind, parent: undefined };
}

const scheme = "manyhands:";

function canReceive(namespace: object): namespace is { fromHandle(data: unknown): unknown } {
  return "fromHandle" in namespace && typeof namespace.fromHandle === "function";
}
