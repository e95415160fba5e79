/** Functions that a module exports: workers import the module, and its state lives there once. */
import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { ownPath } from "../platform/own-path.js";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { AnyNode } from "acorn";
import type { FunctionNode, Script } from "./script.js";

/** Where a function is found: the property path in the module's namespace. */
export interface ExportReference {
  readonly url: string;
  readonly path: readonly string[];
}

/** `undefined` when no import would bring the function: not exported, or exported by the program's entry. */
export function exportReference(fn: Function, script: Script, node: FunctionNode): ExportReference | undefined {
  const fileName = fileNameOf(script.url);
  if (fileName === undefined || isEntry(fileName)) return undefined;
  if (script.isModule) {
    const path = exportsOf(script).get(node.whole) ?? exportsOf(script).get(node.inner);
    return path === undefined ? undefined : { url: script.url, path };
  }
  const path = pathInCommonJs(fn, fileName);
  return path === undefined ? undefined : { url: pathToFileURL(fileName).href, path };
}

/** The file a script was loaded from; `undefined` for other scripts. */
export function fileNameOf(url: string): string | undefined {
  if (url.startsWith("file:")) return fileURLToPath(url);
  return url.startsWith("/") || /^[A-Za-z]:[\\/]/.test(url) ? url : undefined;
}

const exportMaps = new WeakMap<Script, ReadonlyMap<AnyNode, readonly string[]>>();

function exportsOf(script: Script): ReadonlyMap<AnyNode, readonly string[]> {
  let map = exportMaps.get(script);
  if (map === undefined) exportMaps.set(script, (map = collectExports(script)));
  return map;
}

function collectExports({ program }: Script): ReadonlyMap<AnyNode, readonly string[]> {
  const found = new Map<AnyNode, readonly string[]>();
  const declared = new Map<string, AnyNode>();
  for (const statement of program.body as AnyNode[]) {
    if (statement.type === "ExportNamedDeclaration" && statement.declaration) {
      for (const [name, node] of declarationsOf(statement.declaration)) {
        declared.set(name, node);
        addExport(found, node, [name]);
      }
    } else if (statement.type === "ExportDefaultDeclaration") {
      const node = statement.declaration as AnyNode;
      if ("id" in node && node.id?.type === "Identifier") declared.set(node.id.name, node);
      addExport(found, node, ["default"]);
    } else {
      for (const [name, node] of declarationsOf(statement)) declared.set(name, node);
    }
  }
  for (const [local, exported] of exportLists(program.body)) {
    const node = declared.get(local);
    if (node !== undefined) addExport(found, node, [exported]);
  }
  return found;
}

/** Names with the functions, classes and objects they are declared to be, once and for all. */
function declarationsOf(node: AnyNode): [string, AnyNode][] {
  if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") return node.id === null ? [] : [[node.id.name, node]];
  if (node.type !== "VariableDeclaration") return [];
  return node.declarations.flatMap(({ id, init }) =>
    id.type === "Identifier" && init ? [[id.name, init as AnyNode] as [string, AnyNode]] : [],
  );
}

/** `export { local as exported }` and `export default local`. */
function exportLists(body: readonly AnyNode[]): [string, string][] {
  return body.flatMap((statement): [string, string][] => {
    if (statement.type === "ExportDefaultDeclaration" && statement.declaration.type === "Identifier")
      return [[statement.declaration.name, "default"]];
    if (statement.type !== "ExportNamedDeclaration" || statement.source) return [];
    return statement.specifiers.map(({ local, exported }) => [nameOfKey(local as AnyNode) ?? "", nameOfKey(exported as AnyNode) ?? ""]);
  });
}

/** The node itself, and the static methods of a class or the functions of an object. */
function addExport(found: Map<AnyNode, readonly string[]>, node: AnyNode, path: readonly string[]): void {
  if (!found.has(node)) found.set(node, path);
  const members: readonly AnyNode[] =
    node.type === "ClassDeclaration" || node.type === "ClassExpression"
      ? node.body.body.filter((member) => "static" in member && member.static)
      : node.type === "ObjectExpression"
        ? node.properties
        : [];
  for (const member of members) {
    if (!("key" in member) || !("value" in member) || !member.value || ("computed" in member && member.computed)) continue;
    if ("kind" in member && (member.kind === "get" || member.kind === "set")) continue;
    const name = nameOfKey(member.key);
    if (name === undefined) continue;
    found.set(member, [...path, name]);
    found.set(member.value, [...path, name]);
  }
}

function nameOfKey(key: AnyNode): string | undefined {
  if (key.type === "Identifier") return key.name;
  return key.type === "Literal" && typeof key.value === "string" ? key.value : undefined;
}

function pathInCommonJs(fn: Function, fileName: string): readonly string[] | undefined {
  const exported: unknown = commonJsCache()[fileName]?.exports;
  if (exported === fn) return ["default"];
  for (const [name, value] of dataProperties(exported)) {
    if (value === fn) return ["default", name];
    if (typeof value !== "function" && typeof value !== "object") continue;
    for (const [inner, innerValue] of dataProperties(value)) if (innerValue === fn) return ["default", name, inner];
  }
  return undefined;
}

export function commonJsCache(): NodeJS.Dict<NodeModule> {
  return createRequire(ownPath()).cache;
}

function dataProperties(holder: unknown): [string, unknown][] {
  if ((typeof holder !== "object" || holder === null) && typeof holder !== "function") return [];
  return Object.entries(Object.getOwnPropertyDescriptors(holder))
    .filter(([name]) => name !== "prototype")
    .map(([name, descriptor]) => [name, descriptor.value ?? (descriptor.enumerable === true ? Reflect.get(holder, name) : undefined)]);
}

function isEntry(fileName: string): boolean {
  const [, argument] = process.argv;
  if (argument === undefined) return false;
  const entry = realPath(argument);
  const file = realPath(fileName);
  return file === entry || file.replace(/\.\w+$/, "") === entry;
}

const realPaths = new Map<string, string>();

function realPath(path: string): string {
  let real = realPaths.get(path);
  if (real !== undefined) return real;
  try {
    real = realpathSync(path);
  } catch {
    real = path;
  }
  realPaths.set(path, real);
  return real;
}
