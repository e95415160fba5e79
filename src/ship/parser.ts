/** The parser, and the analysis of scopes, loaded when they are first needed: they are heavy, and workers seldom need them. */
import { createRequire } from "node:module";
import type { AnyNode, Program } from "acorn";
import type { Reference } from "eslint-scope";

export function parseProgram(source: string, isModule: boolean): Program {
  return acorn().parse(source, {
    ecmaVersion: "latest",
    sourceType: isModule ? "module" : "script",
    ranges: true,
    allowHashBang: true,
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: isModule,
    allowSuperOutsideMethod: true,
  });
}

export function parseExpressionAt(source: string): AnyNode {
  return acorn().parseExpressionAt(source, 0, { ecmaVersion: "latest" }) as AnyNode;
}

/** All references to variables, each resolved to its declaration, in the order of the text. */
export function referencesOf(program: Program, isModule: boolean): Reference[] {
  const { analyze } = load("eslint-scope") as typeof import("eslint-scope");
  const sourceType = isModule ? "module" : "commonjs";
  const manager = analyze(program as Parameters<typeof analyze>[0], { sourceType, ecmaVersion: 2022, ignoreEval: true });
  return manager.scopes.flatMap((scope) => scope.references).sort((some, other) => startOf(some) - startOf(other));
}

export function startOf(reference: Reference): number {
  return reference.identifier.range?.[0] ?? 0;
}

function acorn(): typeof import("acorn") {
  return load("acorn") as typeof import("acorn");
}

function load(name: string): unknown {
  return createRequire(import.meta.url)(name);
}
