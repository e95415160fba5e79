/** What V8 lets be seen of functions and scripts. */

/** What V8 knows of a function. */
export interface Sight {
  /** Where its code is; `undefined` for native and bound functions. */
  readonly location: FunctionLocation | undefined;
  /** The variables around it, innermost scope first, the global scope left out. */
  readonly scopes: readonly ScopeSight[];
  readonly bound: BoundSight | undefined;
}

/** Lines and columns count from 0. */
export interface FunctionLocation {
  readonly scriptId: string;
  readonly line: number;
  readonly column: number;
}

export interface ScopeSight {
  readonly isScriptLevel: boolean;
  /** Reading a variable throws while it is in its temporal dead zone. */
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface BoundSight {
  readonly target: Function;
  readonly thisValue: unknown;
  readonly args: readonly unknown[];
}

/** A script, as the debugger announces it. */
export interface ScriptSight {
  readonly url: string;
  readonly source: string;
  readonly isModule: boolean;
  readonly startLine: number;
  readonly startColumn: number;
}

/** What a name means inside of a function: `unset` in its dead zone, `absent` when that cannot be told. */
export type Inside = { readonly state: "value"; readonly value: unknown } | { readonly state: "unset" | "absent" };
