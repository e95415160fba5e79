/** The parser, and the analysis of scopes, loaded when they are first needed: they are heavy, and workers seldom need them. */
import { createRequire } from "node:module";
import type * as Acorn from "acorn";
import type { AnyNode, Program } from "acorn";
import type * as EslintScope from "eslint-scope";
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
  return acorn().parseExpressionAt(source, 0, { ecmaVersion: "latest" });
}

/** All references to variables, each resolved to its declaration, in the order of the text. */
export function referencesOf(program: Program, isModule: boolean): Reference[] {
  const { analyze } = load("eslint-scope") as typeof EslintScope;
  const sourceType = isModule ? "module" : "commonjs";
  const manager = analyze(program as Parameters<typeof analyze>[0], { sourceType, ecmaVersion: 2022, ignoreEval: true });
  return manager.scopes.flatMap((scope) => scope.references).sort((some, other) => startOf(some) - startOf(other));
}

export function startOf(reference: Reference): number {
  return reference.identifier.range?.[0] ?? 0;
}

function acorn(): typeof Acorn {
  return load("acorn") as typeof Acorn;
}

function load(name: string): unknown {
  return createRequire(import.meta.url)(name);
}
