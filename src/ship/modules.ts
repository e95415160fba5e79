/** Captured values that belong to modules: instead of being copied they are imported, or required, again. */
import { createRequire } from "node:module";
import type { AnyNode } from "acorn";
import type { Variable } from "eslint-scope";
import type { ModuleRequest } from "../wire/extension.js";
import { commonJsCache } from "./reference.js";
import { walk } from "./syntax-tree.js";
import { viteImportedUrl } from "./vite-imports.js";
import { initializerOf } from "./variables.js";

export interface ImportedBinding {
  readonly request: ModuleRequest;
  /** `undefined` for the whole namespace. */
  readonly exportName: string | undefined;
}

/** What `variable` imports; `undefined` when it is no import, or one with attributes (data, which is copied). */
export function importOf(variable: Variable, parent: string): ImportedBinding | undefined {
  const [definition] = variable.defs;
  if (definition?.type === "Variable") {
    const specifier = viteImportedUrl(variable, parent);
    return specifier === undefined ? undefined : { request: { specifier, parent: undefined }, exportName: undefined };
  }
  if (definition?.type !== "ImportBinding") return undefined;
  const declaration = definition.parent as unknown as AnyNode;
  const specifier = definition.node as unknown as AnyNode;
  if (declaration.type !== "ImportDeclaration" || typeof declaration.source.value !== "string") return undefined;
  if ((declaration.attributes ?? []).length > 0) return undefined;
  return { request: { specifier: declaration.source.value, parent }, exportName: exportNameOf(specifier) };
}

function exportNameOf(specifier: AnyNode): string | undefined {
  if (specifier.type === "ImportDefaultSpecifier") return "default";
  if (specifier.type !== "ImportSpecifier") return undefined;
  return specifier.imported.type === "Identifier" ? specifier.imported.name : String(specifier.imported.value);
}

/** A CommonJS module: required from `folder`, as it is or as bundlers wrap it for `import`. */
export interface RequiredModule {
  readonly specifier: string;
  readonly folder: string;
  /** What the wrapper's `default` is: the exports themselves, or their own `default`. */
  readonly wrapper: "none" | "exports" | "default";
}

/** The module that `value` is the exports of. Modules are compared by identity: nothing is guessed. */
export function requiredModule(value: object, variable: Variable | undefined, folder: string): RequiredModule | undefined {
  for (const [file, module] of Object.entries(commonJsCache())) {
    if (module?.loaded === true && module.exports === value) return { specifier: file, folder, wrapper: "none" };
  }
  const initializer = variable === undefined ? undefined : initializerOf(variable);
  if (initializer === undefined) return undefined;
  for (const specifier of literalArguments(initializer)) {
    const exported = loadedExports(specifier, folder);
    if (exported === value) return { specifier, folder, wrapper: "none" };
    const wrapper = wrapperOf(value, exported);
    if (wrapper !== undefined) return { specifier, folder, wrapper };
  }
  return undefined;
}

/** Puts the exports of a CommonJS module into the form of a namespace. */
export function wrapExports(exported: unknown, wrapper: "exports" | "default"): object {
  const isObject = isHolder(exported);
  const namespace: object = Object.create(isObject ? (Object.getPrototypeOf(exported) as object | null) : Object.prototype) as object;
  for (const name of isObject ? Object.getOwnPropertyNames(exported) : []) {
    if (name === "default") continue;
    Object.defineProperty(namespace, name, {
      get: (): unknown => Reflect.get(exported as object, name),
      enumerable: true,
      configurable: true,
    });
  }
  const inner: unknown = isObject && wrapper === "default" ? Reflect.get(exported, "default") : exported;
  return Object.defineProperty(namespace, "default", { value: inner, enumerable: true, configurable: true });
}

/** The folder that a `require` function looks from. `undefined` for other functions. */
export function folderOfRequire(fn: Function): string | undefined {
  const resolve: unknown = Reflect.get(fn, "resolve");
  const paths: unknown = typeof resolve === "function" ? Reflect.get(resolve, "paths") : undefined;
  if (typeof paths !== "function" || !Object.hasOwn(fn, "cache")) return undefined;
  const found: unknown = Reflect.apply(paths, resolve, ["./x"]);
  return Array.isArray(found) && typeof found[0] === "string" ? found[0] : undefined;
}

export function requireFrom(folder: string): NodeJS.Require {
  return createRequire(`${folder}/`);
}

function literalArguments(initializer: AnyNode): string[] {
  const found: string[] = [];
  walk(initializer, (node) => {
    if (node.type !== "CallExpression" || node.arguments.length !== 1) return;
    const [argument] = node.arguments;
    if (argument?.type === "Literal" && typeof argument.value === "string") found.push(argument.value);
  });
  return found;
}

/** The exports of a module that is loaded already; asking never loads one. */
function loadedExports(specifier: string, folder: string): unknown {
  const require = requireFrom(folder);
  try {
    const file = require.resolve(specifier);
    return file.startsWith("node:") || !/[\\/]/.test(file) ? process.getBuiltinModule(file) : commonJsCache()[file]?.exports;
  } catch {
    return undefined;
  }
}

function wrapperOf(value: object, exported: unknown): "exports" | "default" | undefined {
  if (!isHolder(exported) || !Object.hasOwn(value, "default")) return undefined;
  const inner: unknown = Reflect.get(value, "default");
  if (inner === exported) return "exports";
  return Reflect.get(exported, "__esModule") === true && inner === Reflect.get(exported, "default") ? "default" : undefined;
}

function isHolder(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
