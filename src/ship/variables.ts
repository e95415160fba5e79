/** The variables around a function: their values, and what their declarations say of them. */
import type { AnyNode } from "acorn";
import type { Variable } from "eslint-scope";
import type { ScopeSight } from "./inspector-session.js";

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

/** Whether the variable keeps the value that its declaration gives it. */
export function isSetOnce(variable: Variable): boolean {
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

/** Whether the declaration cannot make `undefined`: such a value means that it has not run. */
export function makesDefined(variable: Variable): boolean {
  const initializer = initializerOf(variable);
  return initializer !== undefined && (objectMakers.test(initializer.type) || definedMakers.test(initializer.type));
}

/** Whether code that no reference shows (in `eval`) could assign to the variable. */
export function isAssignable(variable: Variable): boolean {
  const [definition] = variable.defs;
  const kind: unknown = definition?.parent === undefined || definition.parent === null ? undefined : Reflect.get(definition.parent, "kind");
  return kind !== "const" && definition?.type !== "ImportBinding";
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
const definedMakers = /^(?:Literal|TemplateLiteral|NewExpression|BinaryExpression|UpdateExpression)$/;
