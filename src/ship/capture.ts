/** Takes a function apart: its text, where it stands, and what it captured. */
import { dirname } from "node:path";
import { NotShippableError } from "../errors.js";
import type { EncodeContext, ModuleRequest } from "../wire/extension.js";
import { builtinPath } from "./builtins.js";
import { Cell, scriptCell, unwitnessedCell, witnessedCell } from "./cell.js";
import { applyEdits, newLinesOf, spell, unusedName } from "./edits.js";
import { syntaxOf, type Edit, type FreeReference, type FreeVariable, type FunctionSyntax } from "./function-syntax.js";
import type { Capture, CodeHeader } from "./header.js";
import type { ScopeSight } from "./sight.js";
import { liveNamespace } from "./live-namespace.js";
import type { FunctionPlace, Located } from "./located.js";
import { importOf, requiredModule } from "./modules.js";
import { fileNameOf } from "./files.js";
import { describeFunction, ownName, refuse } from "./refusal.js";
import { originOf } from "./origin.js";
import { viteDynamicImport, viteImportMeta } from "./vite-imports.js";
import type { Script } from "./script.js";
import { textMapOf } from "./text-map.js";
import {
  declarationKind,
  hasDeadZone,
  initializerOf,
  isAssignable,
  isSetOnce,
  makesObject,
  readInside,
  readVariable,
  showsDeadZone,
  type Reading,
} from "./variables.js";

/** A function taken apart. All but the values of cells stays as it is. */
export interface CapturedCode {
  /** `undefined` when it captured nothing, and nobody looked. */
  readonly located: FunctionPlace | undefined;
  readonly subject: string;
  readonly header: Omit<CodeHeader, "eager">;
  readonly modules: readonly ModuleRequest[];
  /** The values of the captures of kind `value`, in their order. */
  readonly bound: readonly BoundValue[];
  /** The `this` that an arrow function has from around it, when it is an object. */
  readonly self: object | undefined;
  /** Whether all values were set when the function was looked at: if not, it is looked at again. */
  readonly isSettled: boolean;
}

export interface BoundValue {
  readonly name: string;
  readonly isEager: boolean;
  /** Of a cell that no witness tells apart: the cell of another function, once it is known that they share it. */
  value: unknown;
  /** For cells that no witness tells apart: the variable's declaration. */
  readonly unwitnessed: string | undefined;
}

/** @throws NotShippableError when the text cannot stand alone, or a variable cannot be had. */
export function captureCode(located: Located): CapturedCode {
  const { fn, script, node } = located;
  const syntax = syntaxOf(script, node);
  const position = script.positionOf(syntax.start);
  const subject = describeFunction(fn, { url: script.url, line: position.line });
  if (syntax.obstacle !== undefined) refuse(subject, syntax.obstacle.reason, syntax.obstacle.remedy);
  const collector = new Collector(located, subject);
  for (const free of syntax.freeVariables) if (free.name !== viteImportMeta) collector.add(free);
  const importMeta = importMetaName(script, syntax);
  if (syntax.heritage !== undefined) collector.addHeritage(syntax.heritage);
  if (syntax.outerThis.length > 0) collector.addThis(syntax.outerThis);
  const metaEdits = syntax.importMetas.map(({ start, end }) => ({ start, end, text: importMeta }));
  const edits = [...syntax.edits, ...collector.edits, ...metaEdits].toSorted((some, other) => some.start - other.start);
  const text = applyEdits(script.source, syntax, edits);
  const sourceMap = textMapOf(script, { text, node: node.whole, start: syntax.start, edits });
  const { form, isStrict } = syntax;
  const { url } = script;
  return {
    located: { fn, node },
    subject,
    header: {
      kind: "code",
      ...{ origin: originOf(fn), form, name: ownName(fn), text, url, ...position, isStrict, importMeta, sourceMap },
      constant: collector.constant,
      functionFields: [...syntax.functionFields],
      captures: collector.captures,
    },
    modules: collector.modules,
    bound: collector.bound,
    self: collector.self,
    isSettled: collector.isSettled,
  };
}

/** Lets the cells of a function be those of the other functions of the message, where they share the variable. */
export function joinCells({ located, subject, bound: captured }: CapturedCode, context: EncodeContext): void {
  for (const bound of captured) {
    if (located === undefined || !(bound.value instanceof Cell)) continue;
    bound.value.readThrough(located.fn);
    if (bound.unwitnessed === undefined) continue;
    const use = { declaration: bound.unwitnessed, cell: bound.value, located, subject };
    bound.value = unwitnessedCell(context, use);
  }
}

function importMetaName({ source }: Script, { importMetas, freeVariables }: FunctionSyntax): string {
  if (freeVariables.some(({ name }) => name === viteImportMeta)) return viteImportMeta;
  return importMetas.length === 0 ? "" : unusedName(source, "import$meta");
}

class Collector {
  readonly captures: Capture[] = [];
  readonly modules: ModuleRequest[] = [];
  readonly bound: BoundValue[] = [];
  readonly edits: Edit[] = [];
  /** The name of a constant, for the text to fail where it assigns to one; empty when it never does. */
  constant = "";
  /** The `this` of an arrow function. */
  self: object | undefined;
  isSettled = true;
  readonly #located: Located;
  readonly #subject: string;

  constructor(located: Located, subject: string) {
    this.#located = located;
    this.#subject = subject;
  }

  add(free: FreeVariable): void {
    if (this.#superClass(free)) return;
    if (free.name === viteDynamicImport) this.#refuseDynamicImport();
    if (free.name === "arguments" && free.variable?.defs.length === 0) this.#refuseArguments();
    // V8 shows the name of a function expression in no scope: what it shows under that name is another variable.
    const isHidden = free.variable?.scope.type === "function-expression-name";
    const reading: Reading = isHidden ? { state: "absent" } : readVariable(this.#located.sight.scopes, free.name);
    if (reading.state === "unset") this.#refuseUnset(free.name);
    if (reading.state === "absent") return this.#absent(free);
    if (this.#import(free, reading.value)) return;
    if (free.variable === undefined) this.#checkWrapperName(free.name);
    const isConstant = free.variable === undefined ? isWrapperName(free.name) : this.#isConstant(free.variable);
    if (reading.value === undefined && free.variable !== undefined) this.#unclear(free.variable, free.name);
    if (!isConstant || (reading.value === undefined && isVar(free))) return this.#cell(free, reading);
    this.#constant(free, reading.value);
    this.#forbidWrites(free);
  }

  #isConstant(variable: NonNullable<FreeVariable["variable"]>): boolean {
    return isSetOnce(variable) && !(this.#located.script.hasDirectEval && isAssignable(variable));
  }

  /** An arrow function has the `this` of the function around it, as if it were a variable. */
  addThis(places: readonly { readonly start: number; readonly end: number }[]): void {
    const inside = readInside(this.#located, "this");
    if (inside.state !== "value") {
      const why = inside.state === "unset" ? "which has no value yet" : whyThisIsUnknown();
      const remedy = "Put what it needs into a variable first (const self = this), or pass it as an argument";
      refuse(this.#subject, `it is an arrow function that uses the this around it, ${why}`, remedy);
    }
    const name = unusedName(this.#located.script.source, "self");
    for (const { start, end } of places) this.edits.push({ start, end, text: name });
    this.#constant({ name, variable: undefined, isEager: false }, inside.value);
    if (Object(inside.value) === inside.value) this.self = inside.value as object;
  }

  /** An expression behind `extends` is not evaluated again: the class has what it made. */
  addHeritage({ start, end }: { readonly start: number; readonly end: number }): void {
    const { script, fn } = this.#located;
    const length = end - start;
    const name = unusedName(script.source, "Base$").padEnd(length);
    this.edits.push({ start, end, text: name + newLinesOf(script.source.slice(start, end)) });
    this.#value(name.trimEnd(), { isEager: true, value: Object.getPrototypeOf(fn) as unknown, unwitnessed: undefined });
  }

  /** A global of every realm needs nothing; one that the program's script declares is copied. */
  #absent({ name, variable, isEager }: FreeVariable): void {
    if (variable === undefined) return;
    if (!this.#located.script.isModule && Object.hasOwn(globalThis, name)) {
      this.isSettled = false;
      return this.#value(name, { isEager, value: Reflect.get(globalThis, name), unwitnessed: undefined });
    }
    this.#refuse(name, "cannot be read", "Pass it as an argument");
  }

  /** Nothing refers to the class behind `extends` once the class is made, but the class itself. */
  #superClass({ name, isEager, isSuperClass }: FreeVariable): boolean {
    if (!isSuperClass) return false;
    this.#value(name, { isEager, value: Object.getPrototypeOf(this.#located.fn) as unknown, unwitnessed: undefined });
    return true;
  }

  /** An import that holds no object may change: it is read from the module each time. */
  #import(free: FreeVariable, value: unknown): boolean {
    const imported = free.variable === undefined ? undefined : importOf(free.variable, this.#located.script.url);
    if (imported === undefined) return false;
    this.modules.push(imported.request);
    const isFixed = (typeof value === "object" && value !== null) || typeof value === "function";
    const { exportName } = imported;
    this.#forbidWrites(free);
    const reads = free.references.filter(({ isWrite }) => !isWrite);
    if (!isFixed && exportName !== undefined) this.#replace(free.name, reads, `${free.name}[${JSON.stringify(exportName)}]`);
    this.captures.push({ kind: "import", name: free.name, request: imported.request, exportName: isFixed ? exportName : undefined });
    return true;
  }

  #constant({ name, variable, isEager }: Pick<FreeVariable, "name" | "variable" | "isEager">, value: unknown): void {
    if (typeof value === "object" && value !== null) {
      const path = builtinPath(value);
      if (path !== undefined) return void this.captures.push({ kind: "builtin", name, path });
      const file = fileNameOf(this.#located.script.url);
      const required = file === undefined ? undefined : requiredModule(value, variable, dirname(file));
      if (required !== undefined) return void this.captures.push({ kind: "required", name, ...required });
    }
    const sent = typeof value === "object" && value !== null ? (liveNamespace(value) ?? value) : value;
    this.#value(name, { isEager, value: sent, unwitnessed: undefined });
  }

  #cell(free: FreeVariable, reading: Extract<Reading, { state: "value" }>): void {
    this.#replace(free.name, free.references, `${free.name}.value`);
    this.#value(free.name, { isEager: free.isEager, ...this.#findCell(free, reading.scope) });
  }

  #findCell({ name, variable }: FreeVariable, scope: ScopeSight): { value: Cell; unwitnessed: string | undefined } {
    const { script } = this.#located;
    const isScriptLevel = scope.isScriptLevel || (variable?.scope.type ?? "") === "module" || variable?.scope.upper?.type === "global";
    if (isScriptLevel) return { value: scriptCell(script.id, name), unwitnessed: undefined };
    const witness = variable === undefined ? undefined : witnessOf(variable, scope);
    if (witness !== undefined) return { value: witnessedCell(witness, name), unwitnessed: undefined };
    const block = (variable?.scope.block ?? { range: [0] }).range ?? [0];
    return { value: new Cell(name), unwitnessed: `${script.id} ${block[0]} ${name}` };
  }

  #value(name: string, bound: Omit<BoundValue, "name">): void {
    if (typeof bound.value === "symbol") this.#refuse(name, "is a symbol, and would not be the same one elsewhere", "Use a string");
    this.captures.push({ kind: "value", name, isEager: bound.isEager });
    this.bound.push({ name, ...bound });
  }

  /** Where it arrives a variable is the parameter of a function; to assign to a constant must fail as it does here. */
  #forbidWrites({ name, references }: FreeVariable): void {
    const writes = references.filter(({ isWrite }) => isWrite);
    if (writes.length === 0) return;
    this.constant = unusedName(this.#located.script.source, "constant$");
    this.#replace(name, writes, this.constant);
  }

  #replace(name: string, references: readonly FreeReference[], text: string): void {
    for (const reference of references) this.edits.push({ start: reference.start, end: reference.end, text: spell(reference, name, text) });
  }

  /** Old versions of V8 show a variable that is not set as `undefined`. */
  #unclear(variable: NonNullable<FreeVariable["variable"]>, name: string): void {
    if (!hasDeadZone(variable)) return void (this.isSettled = false);
    if (showsDeadZone()) return;
    const inside = readInside(this.#located, name);
    if (inside.state === "unset" || (inside.state === "absent" && initializerOf(variable) !== undefined)) this.#refuseUnset(name);
  }

  #refuseUnset(name: string): never {
    this.#refuse(name, "has no value yet", "Send the function after the variable is set");
  }

  #refuseDynamicImport(): never {
    refuse(this.#subject, "its import() became a function of Vite, which only exists in this process", "Import the module at the top");
  }

  #refuseArguments(): never {
    refuse(this.#subject, "it uses the arguments of the function around it", "Put what it needs into a variable first");
  }

  #checkWrapperName(name: string): void {
    if (this.#located.script.isModule || (name !== "module" && name !== "exports")) return;
    this.#refuse(name, "belongs to the module that is loaded here", "Put what the function needs into a variable first");
  }

  #refuse(name: string, reason: string, remedy: string): never {
    const message = `Cannot send ${this.#subject}: it uses the variable ${name}, which ${reason}. ${remedy}`;
    throw new NotShippableError(message, [this.#subject, name]);
  }
}

function whyThisIsUnknown(): string {
  const hasDebugger = process.getBuiltinModule("node:inspector").url() !== undefined;
  return hasDebugger ? "which cannot be read where a debugger may attach" : "which cannot be read when default values are computed";
}

function isWrapperName(name: string): boolean {
  return name === "require" || name === "__filename" || name === "__dirname";
}

/** A `var` is `undefined` before its line has run; of others that is their value. */
function isVar({ variable }: FreeVariable): boolean {
  return variable !== undefined && declarationKind(variable) === "var";
}

/** Something that each run of the scope makes anew, and keeps in a variable that is never assigned again. */
function witnessOf(variable: NonNullable<FreeVariable["variable"]>, scope: ScopeSight): object | undefined {
  for (const sibling of variable.scope.variables) {
    if (!makesObject(sibling) || !isSetOnce(sibling) || initializerOf(sibling) === undefined) continue;
    const reading = readVariable([scope], sibling.name);
    if (reading.state !== "value") continue;
    if ((typeof reading.value === "object" && reading.value !== null) || typeof reading.value === "function") return reading.value;
  }
  return undefined;
}
