/**
 * Makes a function of its text again. The text is compiled at its place in the original file, behind a line that declares what
 * it captured. It is an element of an array, which gives it no name:
 *
 *     (function (factor, table) { "use strict"; return [function () { fill }, function () { read },
 *           (x) => x * factor
 *     ] })
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { DecodeError } from "../errors.js";
import type { DecodeContext } from "../wire/extension.js";
import { builtinAt } from "./builtins.js";
import { compileAt } from "./dynamic-import.js";
import type { Capture, CodeHeader } from "./header.js";
import { mappedName } from "./mapped-name.js";
import { requireFrom, wrapExports } from "./modules.js";

export interface Rebuilt {
  readonly fn: Function;
  /** Sets what the captures of kind `value` are bound to. */
  readonly fill: (values: readonly unknown[]) => void;
  readonly read: () => readonly unknown[];
}

type Compiled = readonly [fill: (values: readonly unknown[]) => void, read: () => readonly unknown[], made: unknown];

/** @throws DecodeError when the text does not make a function. */
export function rebuild(header: CodeHeader, context: DecodeContext): Rebuilt {
  const lateNames = header.captures.filter((capture) => capture.kind === "value").map(({ name }) => name);
  const names = header.captures.map(({ name }) => name);
  const values = initialValues(header, context);
  if (header.importMeta !== "") {
    names.push(header.importMeta);
    values.push(importMetaOf(header.url));
  }
  const [fill, read, made] = compile(header, names, lateNames)(...values);
  const fn = extract(header, made);
  const { name } = header;
  if (Object.getOwnPropertyDescriptor(fn, "name")?.value !== name) Object.defineProperty(fn, "name", { value: name, configurable: true });
  return { fn, fill, read };
}

function compile(header: CodeHeader, names: readonly string[], lateNames: readonly string[]): (...values: unknown[]) => Compiled {
  const late = lateNames.join(", ");
  const fill = late === "" ? "" : `[${late}] = arguments[0];`;
  const strict = header.isStrict ? `"use strict"; ` : "";
  const constant = header.constant === "" ? "" : `const ${header.constant} = undefined; `;
  const body = `return [function () { ${fill} }, function () { return [${late}]; }, `;
  const [open, close] = header.form === "method" ? ["{", "}"] : ["", ""];
  const code = [
    `(function (${names.join(", ")}) { ${strict}${constant}${body}${open}`,
    `${" ".repeat(header.column)}${header.text}`,
    `${close}]; })`,
  ];
  const script = compileAt(code.join("\n"), mappedName(header.url, header.sourceMap), header.line - 1);
  return script.runInThisContext() as (...values: unknown[]) => Compiled;
}

function extract({ form, name }: CodeHeader, made: unknown): Function {
  if (form !== "method") return asFunction(made, name);
  const [key] = typeof made === "object" && made !== null ? Reflect.ownKeys(made) : [];
  const descriptor = key === undefined ? undefined : Object.getOwnPropertyDescriptor(made, key);
  return asFunction(descriptor?.get ?? descriptor?.set ?? descriptor?.value, name);
}

function asFunction(value: unknown, name: string): Function {
  if (typeof value !== "function") throw new DecodeError(`Cannot read the function ${name}: its text does not make a function`);
  return value;
}

function initialValues({ captures, eager }: CodeHeader, context: DecodeContext): unknown[] {
  let nextEager = 0;
  return captures.map((capture) => {
    if (capture.kind !== "value") return valueOf(capture, context);
    return capture.isEager ? eager[nextEager++] : undefined;
  });
}

function valueOf(capture: Exclude<Capture, { kind: "value" }>, context: DecodeContext): unknown {
  switch (capture.kind) {
    case "import": {
      const namespace = context.module(capture.request);
      return capture.exportName === undefined ? namespace : Reflect.get(namespace, capture.exportName);
    }
    case "builtin":
      return builtinAt(capture.path);
    case "required": {
      const exported: unknown = requireFrom(capture.folder)(capture.specifier);
      return capture.wrapper === "none" ? exported : wrapExports(exported, capture.wrapper);
    }
  }
}

function importMetaOf(url: string): object {
  const file = url.startsWith("file:") ? fileURLToPath(url) : undefined;
  const resolve = (specifier: string): string => {
    if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, url).href;
    if (URL.canParse(specifier)) return specifier;
    throw new Error(
      `Cannot resolve "${specifier}": import.meta.resolve() of a function that was sent knows relative paths and URLs only. Resolve it before, and capture the result`,
    );
  };
  return { __proto__: null, url, resolve, ...(file === undefined ? {} : { filename: file, dirname: dirname(file) }) };
}
