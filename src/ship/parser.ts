/** The parser, and the analysis of scopes, loaded when they are first needed: they are heavy, and workers seldom need them. */
import { createRequire } from "node:module";
import type * as Acorn from "acorn";
import type { AnyNode, Program } from "acorn";
import type * as EslintScope from "eslint-scope";
import type { Reference } from "eslint-scope";
import { ownPath } from "../platform/own-path.js";

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
  const { analyze } = eslintScope();
  const sourceType = isModule ? "module" : "commonjs";
  const manager = analyze(program as Parameters<typeof analyze>[0], { sourceType, ecmaVersion: 2022, ignoreEval: true });
  return manager.scopes.flatMap((scope) => scope.references).sort((some, other) => startOf(some) - startOf(other));
}

export function startOf(reference: Reference): number {
  return reference.identifier.range?.[0] ?? 0;
}

// In this module there is no `require`, unless a bundler made one: it then finds the packages by these very words, and puts them
// into the bundle, to be loaded as late as here.
function acorn(): typeof Acorn {
  return (typeof require === "undefined" ? createRequire(ownPath())("acorn") : require("acorn")) as typeof Acorn;
}

function eslintScope(): typeof EslintScope {
  return (typeof require === "undefined" ? createRequire(ownPath())("eslint-scope") : require("eslint-scope")) as typeof EslintScope;
}
