/** What the text of a function needs from around it. Pure: looks at the syntax alone. */
import type { AnyNode } from "acorn";
import type { Reference, Variable } from "eslint-scope";
import { startOf } from "./parser.js";
import { startOfText, type FunctionNode, type Script } from "./script.js";
import { hasOwnThis, isWithin, walk } from "./syntax-tree.js";

export type FunctionForm = "function" | "method" | "class";

/** A variable from outside that the text refers to. */
export interface FreeVariable {
  readonly name: string;
  /** Its declaration; `undefined` for globals, and for what no declaration in the script tells of. */
  readonly variable: Variable | undefined;
  readonly references: readonly FreeReference[];
  /** Needed already when a class is defined, and not only when a function runs. */
  readonly isEager: boolean;
  /** It is the whole of what stands behind `extends`, and nothing else refers to it. */
  readonly isSuperClass: boolean;
}

/** How a reference is written decides how it can be replaced. */
export interface FreeReference {
  readonly start: number;
  readonly end: number;
  readonly spelling: "plain" | "callee" | "shorthand";
  readonly isWrite: boolean;
}

/** Replaces `source.slice(start, end)`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface FunctionSyntax {
  readonly form: FunctionForm;
  readonly start: number;
  readonly end: number;
  readonly isStrict: boolean;
  readonly freeVariables: readonly FreeVariable[];
  readonly importMetas: readonly AnyNode[];
  /** Where an arrow function speaks of the `this` around it. */
  readonly outerThis: readonly AnyNode[];
  /** Static fields that are functions by their text: the text makes them again. */
  readonly functionFields: ReadonlySet<string>;
  /** An expression behind `extends` that is more than a name. */
  readonly heritage: { readonly start: number; readonly end: number } | undefined;
  /** What makes the text compile, and mean the same, when it stands alone. */
  readonly edits: readonly Edit[];
  /** Why the text cannot stand alone. */
  readonly obstacle: Obstacle | undefined;
}

export interface Obstacle {
  readonly reason: string;
  readonly remedy: string;
}

const analysed = new WeakMap<FunctionNode, FunctionSyntax>();

export function syntaxOf(script: Script, node: FunctionNode): FunctionSyntax {
  let syntax = analysed.get(node);
  if (syntax === undefined) analysed.set(node, (syntax = analyse(script, node)));
  return syntax;
}

function analyse(script: Script, node: FunctionNode): FunctionSyntax {
  const { whole, inner } = node;
  const facts = factsOf(whole, inner);
  const fields = facts.staticFields.map(({ key, value }) => ({ start: key.end, end: value.end }));
  const keys = keyEdit(script.source, whole);
  const superClass = superClassOf(inner);
  const heritage = superClass !== undefined && superClass.type !== "Identifier" && superClass.type !== "Literal" ? superClass : undefined;
  const dropped = [...fields, ...keys, ...(heritage === undefined ? [] : [heritage])];
  const references = referencesWithin(script, whole).filter(
    (reference) => !dropped.some(({ start, end }) => startOf(reference) >= start && startOf(reference) < end),
  );
  return {
    form: whole !== inner ? "method" : inner.type.startsWith("Class") ? "class" : "function",
    start: startOfText(whole, script.source),
    end: whole.end,
    isStrict: script.isModule || facts.isInClass || hasStrictScope(references, script, inner),
    freeVariables: freeVariablesOf(references, { whole, facts, superClass }),
    importMetas: facts.importMetas,
    outerThis: facts.outerThis,
    functionFields: facts.functionFields,
    heritage,
    edits: [...fields.map((range) => blank(script.source, range)), ...keys],
    obstacle: facts.obstacle,
  };
}

function superClassOf(inner: AnyNode): AnyNode | undefined {
  if (inner.type !== "ClassDeclaration" && inner.type !== "ClassExpression") return undefined;
  return inner.superClass ?? undefined;
}

interface Facts {
  readonly importMetas: AnyNode[];
  readonly outerThis: AnyNode[];
  readonly callees: Set<number>;
  readonly shorthands: Set<number>;
  readonly functionFields: Set<string>;
  readonly eagerRanges: { start: number; end: number }[];
  /** Public static fields whose values are sent as they are now, instead of being computed again. */
  readonly staticFields: { readonly key: AnyNode; readonly value: AnyNode }[];
  isInClass: boolean;
  obstacle: Obstacle | undefined;
}

function factsOf(whole: AnyNode, inner: AnyNode): Facts {
  const facts: Facts = {
    importMetas: [],
    outerThis: [],
    callees: new Set(),
    shorthands: new Set(),
    functionFields: new Set(),
    eagerRanges: [],
    staticFields: [],
    isInClass: whole.type === "MethodDefinition",
    obstacle: undefined,
  };
  if (inner.type === "ClassDeclaration" || inner.type === "ClassExpression") lookAtClass(inner, facts);
  lookAtNodes(whole, facts);
  facts.obstacle ??= lookAtSurroundings(whole, inner, facts.outerThis);
  return facts;
}

function lookAtClass(node: Extract<AnyNode, { type: "ClassDeclaration" | "ClassExpression" }>, facts: Facts): void {
  if (node.superClass) facts.eagerRanges.push(node.superClass);
  for (const member of node.body.body) {
    if (member.type === "StaticBlock") {
      facts.eagerRanges.push(member);
      continue;
    }
    if (member.computed) facts.eagerRanges.push(member.key);
    if (member.type !== "PropertyDefinition" || !member.static || !member.value) continue;
    if (isFunctionNode(member.value)) {
      if (member.key.type === "Identifier" && !member.computed) facts.functionFields.add(member.key.name);
      continue;
    }
    if (member.computed || member.key.type === "PrivateIdentifier") facts.eagerRanges.push(member.value);
    else facts.staticFields.push({ key: member.key, value: member.value });
  }
}

function lookAtNodes(whole: AnyNode, facts: Facts): void {
  walk(whole, (node) => {
    if (node.type === "MetaProperty" && node.meta.name === "import") facts.importMetas.push(node);
    if (node.type === "CallExpression" && node.callee.type === "Identifier") {
      facts.callees.add(node.callee.start);
      if (node.callee.name === "eval") facts.obstacle = evalObstacle;
    }
    if (node.type === "TaggedTemplateExpression") facts.callees.add(node.tag.start);
    if (node.type === "Property" && node.shorthand) facts.shorthands.add(node.start);
  });
}

/** Collects what an arrow function takes from the function around it, but for what cannot be had, and returns that. */
function lookAtSurroundings(whole: AnyNode, inner: AnyNode, outerThis: AnyNode[]): Obstacle | undefined {
  if (usesUnknownPrivateName(whole)) return privateObstacle;
  let obstacle: Obstacle | undefined;
  const isArrow = inner.type === "ArrowFunctionExpression";
  const isClass = inner.type.startsWith("Class");
  walk(inner, (node) => {
    if (node !== inner && (hasOwnThis(node) || (node.type.startsWith("Class") && !isClass))) return false;
    if (node.type === "Super" && !isClass) obstacle = superObstacle;
    if (isArrow && node.type === "ThisExpression") outerThis.push(node);
    if (isArrow && node.type === "MetaProperty" && node.meta.name === "new") obstacle ??= newTargetObstacle;
    return !isClass;
  });
  return obstacle;
}

function usesUnknownPrivateName(whole: AnyNode): boolean {
  const declared = new Set<string>();
  const used = new Set<string>();
  walk(whole, (node, parent) => {
    if (node.type !== "PrivateIdentifier") return;
    const isDeclaration = (parent?.type === "PropertyDefinition" || parent?.type === "MethodDefinition") && parent.key === node;
    (isDeclaration ? declared : used).add(node.name);
  });
  if (whole.type === "MethodDefinition" && whole.key.type === "PrivateIdentifier") declared.delete(whole.key.name);
  return [...used].some((name) => !declared.has(name));
}

function isFunctionNode({ type }: { readonly type: string }): boolean {
  return type === "ArrowFunctionExpression" || type === "FunctionExpression";
}

function referencesWithin(script: Script, node: AnyNode): Reference[] {
  const { references } = script;
  let low = 0;
  for (let high = references.length; low < high;) {
    const middle = (low + high) >> 1;
    const reference = references[middle];
    if (reference !== undefined && startOf(reference) < node.start) low = middle + 1;
    else high = middle;
  }
  const found: Reference[] = [];
  for (let index = low; index < references.length; index++) {
    const reference = references[index];
    if (reference === undefined || startOf(reference) >= node.end) break;
    found.push(reference);
  }
  return found;
}

function hasStrictScope(references: readonly Reference[], script: Script, inner: AnyNode): boolean {
  if (inner.type.startsWith("Class")) return true;
  const outermost = references.find(({ from }) => (from.block as unknown) === inner);
  if (outermost !== undefined) return outermost.from.isStrict;
  return (
    hasDirective(script.program) || ancestorsOf(script.program, inner).some((node) => node.type.startsWith("Class") || hasDirective(node))
  );
}

function ancestorsOf(root: AnyNode, inner: AnyNode): AnyNode[] {
  const found: AnyNode[] = [];
  walk(root, (node) => {
    if (!isWithin(inner, node)) return false;
    found.push(node);
    return true;
  });
  return found;
}

function hasDirective(node: AnyNode): boolean {
  const body: unknown = "body" in node ? node.body : undefined;
  const statements = Array.isArray(body) ? body : typeof body === "object" && body !== null && "body" in body ? body.body : [];
  return (
    Array.isArray(statements) && statements.some((statement: AnyNode) => "directive" in statement && statement.directive === "use strict")
  );
}

interface Surroundings {
  readonly whole: AnyNode;
  readonly facts: Facts;
  readonly superClass: AnyNode | undefined;
}

function freeVariablesOf(references: readonly Reference[], { whole, facts, superClass }: Surroundings): FreeVariable[] {
  const byName = new Map<string, Reference[]>();
  for (const reference of references) {
    if (!isFree(reference, whole)) continue;
    const known = byName.get(reference.identifier.name);
    if (known === undefined) byName.set(reference.identifier.name, [reference]);
    else known.push(reference);
  }
  return [...byName].map(([name, uses]) => ({
    name,
    variable: uses[0]?.resolved ?? undefined,
    references: uniqueStarts(uses).map((start) => ({
      start,
      end: start + name.length,
      spelling: spellingOf(start, facts),
      isWrite: uses.some((use) => startOf(use) === start && use.isWrite()),
    })),
    isSuperClass: uses.length === 1 && uses.every((use) => Boolean(use.resolved) && startOf(use) === superClass?.start),
    isEager: uses.some((use) => facts.eagerRanges.some(({ start, end }) => startOf(use) >= start && startOf(use) < end)),
  }));
}

/** Default values in patterns make the parser's analysis meet one place twice. */
function uniqueStarts(references: readonly Reference[]): number[] {
  return [...new Set(references.map(startOf))];
}

function isFree({ resolved }: Reference, whole: AnyNode): boolean {
  if (!resolved) return true;
  const block = resolved.scope.block as unknown as AnyNode;
  return block.type === "Program" || !isWithin(block, whole);
}

function spellingOf(start: number, facts: Facts): FreeReference["spelling"] {
  if (facts.shorthands.has(start)) return "shorthand";
  return facts.callees.has(start) ? "callee" : "plain";
}

/** A key that is computed, or private, means nothing outside its class: the function gets its name in another way. */
function keyEdit(source: string, whole: AnyNode): Edit[] {
  if (whole.type !== "MethodDefinition" && whole.type !== "Property") return [];
  if (!whole.computed && whole.key.type !== "PrivateIdentifier") return [];
  const start = whole.computed ? source.lastIndexOf("[", whole.key.start) : whole.key.start;
  const end = whole.computed ? source.indexOf("]", whole.key.end) + 1 : whole.key.end;
  return [{ start, end, text: `m${blank(source, { start: start + 1, end }).text}` }];
}

/** Spaces in place of the text, so that what follows stays where it is. */
function blank(source: string, { start, end }: { readonly start: number; readonly end: number }): Edit {
  return { start, end, text: source.slice(start, end).replace(/[^\r\n\u2028\u2029]/g, " ") };
}

const evalObstacle = {
  reason: "it calls eval, which may use any variable",
  remedy: "Use new Function, or pass what it needs as arguments",
};
const newTargetObstacle = {
  reason: "it is an arrow function that uses new.target of the function around it",
  remedy: "Put what it needs into a variable first",
};
const superObstacle = { reason: "it is a method that uses super", remedy: "Send its class or object, or a function that calls the method" };
const privateObstacle = { reason: "it uses a private name of its class", remedy: "Send its class, or a function that calls the method" };
