/**
 * How a function looks on the wire: the header that the extension `function` gives the codec. The children of a `code` are the
 * values of the captures of kind `value`, then the function's own properties as names and values in turn.
 */
import { DecodeError } from "../errors.js";
import type { ModuleRequest } from "../wire/extension.js";
import type { BuiltinPath } from "./builtins.js";
import type { FunctionForm } from "./function-syntax.js";
import type { RequiredModule } from "./modules.js";

export type Header =
  | { readonly kind: "builtin"; readonly path: BuiltinPath }
  | { readonly kind: "export"; readonly request: ModuleRequest; readonly path: readonly string[]; readonly type: "function" | "object" }
  | { readonly kind: "bound"; readonly argumentCount: number; readonly name: string }
  | { readonly kind: "require"; readonly folder: string }
  | { readonly kind: "cell"; readonly name: string }
  | { readonly kind: "absent"; readonly name: string; readonly reason: string }
  | { readonly kind: "namespace"; readonly names: readonly string[] }
  | CodeHeader;

/** A function that is compiled from its text. */
export interface CodeHeader {
  readonly kind: "code";
  readonly origin: string;
  readonly form: FunctionForm;
  readonly name: string;
  readonly text: string;
  readonly url: string;
  readonly line: number;
  readonly column: number;
  readonly isStrict: boolean;
  /** Where the text was written, when it was generated; empty when it is what was written. */
  readonly sourceMap: string;
  /** The name that stands for `import.meta`; empty when the text has none. */
  readonly importMeta: string;
  /** The name of a constant that the text assigns to, and so fails; empty when it never does. */
  readonly constant: string;
  /** Static fields that the text itself makes. */
  readonly functionFields: readonly string[];
  readonly captures: readonly Capture[];
  /** The values of the captures that are needed at once, in their order. */
  readonly eager: readonly unknown[];
}

/** What a variable of the text is bound to. */
export type Capture =
  | { readonly kind: "value"; readonly name: string; readonly isEager: boolean }
  | { readonly kind: "import"; readonly name: string; readonly request: ModuleRequest; readonly exportName: string | undefined }
  | { readonly kind: "builtin"; readonly name: string; readonly path: BuiltinPath }
  | ({ readonly kind: "required"; readonly name: string } & RequiredModule);

const kinds: readonly unknown[] = [
  "builtin",
  "export",
  "bound",
  "require",
  "cell",
  "absent",
  "namespace",
  "code",
] satisfies readonly Header["kind"][];

/** @throws DecodeError when it is no header of this version. */
export function asHeader(value: unknown): Header {
  if (typeof value !== "object" || value === null || !kinds.includes(Reflect.get(value, "kind"))) {
    throw new DecodeError("Cannot read a function: its header is of another version of the library");
  }
  return value as Header;
}
