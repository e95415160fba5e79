/** The variables around a function: their values, and what their declarations say of them. */
import type { AnyNode } from "acorn";
import type { Variable } from "eslint-scope";
import type { FunctionPlace } from "./located.js";
import { walk } from "./syntax-tree.js";
import { inspectorSession } from "./inspector-session.js";
import type { Inside, ScopeSight } from "./sight.js";

export type Reading =
  | { readonly state: "value"; readonly value: unknown; readonly scope: ScopeSight }
  /** Declared, and not yet set. */
  | { readonly state: "unset" }
  | { readonly state: "absent" };

/** Of several variables with one name the innermost counts, as in the language. */
export function readVariable(scopes: readonly ScopeSight[], name: string): Reading {
  try {
    for (const scope of scopes) {
      if (Object.hasOwn(scope.variables, name)) return { state: "value", value: scope.variables[name], scope };
    }
    return { state: "absent" };
  } catch (error) {
    if (error instanceof ReferenceError) return { state: "unset" };
    throw error;
  }
}

let isDeadZoneShown: boolean | undefined;

/** Whether V8 lets scopes tell that a variable is not set: before Node 22 they show `undefined`. */
export function showsDeadZone(): boolean {
  if (isDeadZoneShown !== undefined) return isDeadZoneShown;
  const early = (): unknown => probe;
  isDeadZoneShown = readVariable(inspectorSession().look(early).scopes, "probe").state === "unset";
  const probe = isDeadZoneShown;
  return probe;
}

/** What a name, or `this`, means inside of `fn`: more precise than its scopes, and slower. `absent` when that cannot be told. */
export function readInside({ fn, node: { inner } }: FunctionPlace, name: string): Inside {
  return stopsAtEntry(inner) ? inspectorSession().readInside(fn, name) : { state: "absent" };
}

/** A class or generator is entered in ways of its own; a default value that is computed may be where V8 would stop, or not. */
export function stopsAtEntry(inner: AnyNode): boolean {
  if (!("params" in inner) || ("generator" in inner && inner.generator === true)) return false;
  let isPlain = true;
  for (const parameter of inner.params) {
    walk(parameter, (node) => {
      if (node.type === "AssignmentPattern" && node.right.type !== "Literal" && node.right.type !== "Identifier") isPlain = false;
      if (node.type === "Property" && node.computed) isPlain = false;
    });
  }
  return isPlain;
}

/** Whether the variable keeps the value that its declaration gives it. */
export function isSetOnce(variable: Variable): boolean {
  if (declarationKind(variable) === "const") return true;
  const writes = variable.references.filter((reference) => reference.isWrite());
  const isParameter = variable.defs.some(({ type }) => type === "Parameter" || type === "CatchClause");
  if (isParameter) return writes.every((write) => write.init === true);
  if (variable.defs.length !== 1) return false;
  return writes.length <= 1 && writes.every((write) => write.init === true) && !isLoopVariable(variable);
}

/** Whether the declaration makes a new object each time it runs. */
export function makesObject(variable: Variable): boolean {
  const initializer = initializerOf(variable);
  return initializer !== undefined && objectMakers.test(initializer.type);
}

/** Whether reading the variable before its declaration has run throws. */
export function hasDeadZone(variable: Variable): boolean {
  const kind = declarationKind(variable);
  return kind === "const" || kind === "let" || variable.defs[0]?.type === "ClassName";
}

/** `const`, `let` or `var`; `undefined` for what is declared in another way. */
export function declarationKind({ defs: [definition] }: Variable): unknown {
  return definition?.type === "Variable" ? Reflect.get(definition.parent, "kind") : undefined;
}

/** Whether code that no reference shows (in `eval`) could assign to the variable. */
export function isAssignable(variable: Variable): boolean {
  return declarationKind(variable) !== "const" && variable.defs[0]?.type !== "ImportBinding";
}

/** What the variable is declared to be: the expression behind `=`, or the function or class itself. */
export function initializerOf(variable: Variable): AnyNode | undefined {
  const [definition] = variable.defs;
  if (definition === undefined) return undefined;
  const node = definition.node as unknown as AnyNode;
  if (node.type === "VariableDeclarator") return node.id.type === "Identifier" ? (node.init ?? undefined) : undefined;
  return definition.type === "FunctionName" || definition.type === "ClassName" ? node : undefined;
}

/** `for (const x of …)` and `for (let i = …)` give the variable one value a round. */
function isLoopVariable(variable: Variable): boolean {
  const [definition] = variable.defs;
  const parent = definition?.parent as unknown as AnyNode | undefined;
  return parent?.type === "VariableDeclaration" && parent.kind === "var" && initializerOf(variable) === undefined;
}

const objectMakers = /^(?:(?:Function|Class)(?:Declaration|Expression)|ArrowFunctionExpression|ObjectExpression|ArrayExpression)$/;
