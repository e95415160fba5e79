/**
 * What the codec does not know by itself (functions, instances of classes, handles on shared objects) it learns through
 * extensions. An extension takes a value apart into a plain `header` and `children`; the codec encodes both in the same
 * object graph, so identity and cycles survive. On arrival the header comes first: the extension makes the value from it,
 * and the children, which may refer back to the value, are filled in afterwards.
 */
import { types } from "node:util";

/** Something that must be imported, asynchronously, before the message can be decoded, synchronously. */
export interface ModuleRequest {
  /** As written in the source: `"sharp"`, `"./photos.js"`, `"node:path"`, or an absolute URL. */
  readonly specifier: string;
  /** The URL of the module it was written in, from which it is resolved. `undefined` for absolute specifiers. */
  readonly parent: string | undefined;
}

export interface EncodeContext {
  /** Where the codec is in the value: `args[0].items[3]`. For error messages. */
  path(): string;
  /** Makes `context.module(request)` available to `assemble` on the other side. */
  require(request: ModuleRequest): void;
  /** What extensions note while one message is encoded; empty when the next one begins. */
  readonly notes: Map<string, unknown>;
}

export interface DecodeContext {
  /** The namespace of a module that the sender required. */
  module(request: ModuleRequest): object;
}

/** A value taken apart. */
export interface Parts {
  /** Decoded before the value exists: plain data, never a reference to the value itself. */
  readonly header: unknown;
  /** Decoded after the value exists; may refer to it. Any of them may be `Replaceable`. */
  readonly children: readonly unknown[];
}

/** A child that something stands in for when it cannot be sent. */
export class Replaceable {
  readonly value: unknown;
  readonly replacement: (reason: unknown) => object;

  constructor(value: unknown, replacement: (reason: unknown) => object) {
    this.value = value;
    this.replacement = replacement;
  }
}

const byReference = Symbol.for("manyhands.by-reference");

/**
 * Memory that is not copied: whoever receives it has the same. In `Parts` only; it reaches no other process. Known by its
 * mark, since the object that is sent may come from another copy of the library.
 */
export class ByReference {
  readonly [byReference] = true;
  readonly memory: SharedArrayBuffer;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
  }

  static is(value: object): value is ByReference {
    return byReference in value;
  }
}

/** A value being put together. */
export interface Assembly {
  readonly value: object;
  fill(children: readonly unknown[]): void;
}

export interface CodecExtension {
  /** Names the extension on the wire; both sides register the same names. */
  readonly name: string;
  /** Takes `value` (a function, or an object that is not plain) apart; `undefined` when it is not this extension's. */
  dismantle(value: object, context: EncodeContext): Parts | undefined;
  assemble(header: unknown, context: DecodeContext): Assembly;
}

/** Names a cargo within the session. */
export interface CargoName {
  readonly reference: number;
  readonly generation: number;
}

/** What keeps alive the shared objects that a message names. */
export interface Cargo {
  /** What tells the receiver of it, who is to let go of it when the message has been read. */
  readonly name: CargoName;
  /** Lets go of it: the message has been read, or will never be. */
  release(): void;
}

/** An encoded value: what a channel carries. */
export interface Encoded {
  readonly body: Uint8Array;
  /** Large binary parts, beside the body; and memory that goes by reference. */
  readonly attachments: readonly Uint8Array[];
  /** There when the message names shared objects. Only its sender has it, and receivers that are to let go of it. */
  readonly cargo?: Cargo;
}

/** Whether an attachment is memory that goes by reference. */
export function isByReference(attachment: Uint8Array): boolean {
  return types.isSharedArrayBuffer(attachment.buffer);
}
