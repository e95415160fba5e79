/** Functions that a module exports: workers import the module, and its state lives there once. */
import { createRequire } from "node:module";
import { ownPath } from "../platform/own-path.js";
import { pathToFileURL } from "node:url";
import type { AnyNode } from "acorn";
import type { Reference } from "eslint-scope";
import type { Located } from "./located.js";
import type { ScopeSight } from "./sight.js";
import type { Script } from "./script.js";
import { fileNameOf } from "./files.js";
import { isMainFile } from "./main-file.js";
import { readVariable } from "./variables.js";

/** Where a function is found: the property path in the module's namespace. */
export interface ExportReference {
  readonly url: string;
  readonly path: readonly string[];
}

/** `undefined` when no import would bring the function: not exported, or exported by the program's entry. */
export function exportReference({ fn, sight: { scopes }, script, node }: Located): ExportReference | undefined {
  const fileName = fileNameOf(script.url);
  if (fileName === undefined || isMainFile(fileName)) return undefined;
  if (script.isModule) {
    const found = exportsOf(script).get(node.whole) ?? exportsOf(script).get(node.inner);
    return found === undefined || !holds(scopes, found, fn) ? undefined : { url: script.url, path: found.path };
  }
  const path = pathInCommonJs(fn, fileName);
  return path === undefined ? undefined : { url: pathToFileURL(fileName).href, path };
}

interface Export {
  /** The variable that is exported; `undefined` for a default export without a name. */
  readonly local: string | undefined;
  readonly path: readonly string[];
}

const exportMaps = new WeakMap<Script, ReadonlyMap<AnyNode, Export>>();

/** Something else may have been put where the function was declared. */
function holds(scopes: readonly ScopeSight[], { local, path }: Export, fn: Function): boolean {
  if (local === undefined) return true;
  const reading = readVariable(scopes, local);
  if (reading.state !== "value") return reading.state === "absent";
  return path.slice(1).reduce(dataProperty, reading.value) === fn;
}

function dataProperty(holder: unknown, name: string): unknown {
  if ((typeof holder !== "object" || holder === null) && typeof holder !== "function") return undefined;
  return Object.getOwnPropertyDescriptor(holder, name)?.value;
}

function exportsOf(script: Script): ReadonlyMap<AnyNode, Export> {
  let map = exportMaps.get(script);
  if (map === undefined) exportMaps.set(script, (map = collectExports(script)));
  return map;
}

function collectExports({ program, references }: Script): ReadonlyMap<AnyNode, Export> {
  const found = new Map<AnyNode, Export>();
  const declared = new Map<string, AnyNode>();
  const changed = reassignedNames(references);
  const add = (local: string | undefined, node: AnyNode, name: string): void => {
    if (local === undefined || !changed.has(local)) addExport(found, node, { local, path: [name] });
  };
  for (const statement of program.body as AnyNode[]) {
    if (statement.type === "ExportNamedDeclaration" && statement.declaration) {
      for (const [name, node] of declarationsOf(statement.declaration)) {
        declared.set(name, node);
        add(name, node, name);
      }
    } else if (statement.type === "ExportDefaultDeclaration") {
      const node = statement.declaration as AnyNode;
      const local = "id" in node && node.id?.type === "Identifier" ? node.id.name : undefined;
      if (local !== undefined) declared.set(local, node);
      add(local, node, "default");
    } else {
      for (const [name, node] of declarationsOf(statement)) declared.set(name, node);
    }
  }
  for (const [local, exported] of exportLists(program.body)) {
    const node = declared.get(local);
    if (node !== undefined) add(local, node, exported);
  }
  return found;
}

/** What the export of a variable that is assigned to again will be in a worker, nobody knows. */
function reassignedNames(references: readonly Reference[]): ReadonlySet<string> {
  const writes = references.filter((reference) => reference.isWrite() && reference.init !== true);
  return new Set(writes.flatMap(({ resolved }) => (resolved?.scope.type === "module" ? [resolved.name] : [])));
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
function addExport(found: Map<AnyNode, Export>, node: AnyNode, exported: Export): void {
  if (!found.has(node)) found.set(node, exported);
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
    const inner = { local: exported.local, path: [...exported.path, name] };
    found.set(member, inner);
    found.set(member.value, inner);
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
