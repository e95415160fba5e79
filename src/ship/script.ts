/** A script as V8 has it, parsed once: its functions by where they are, and who refers to which variable. */
import type { AnyNode, Program } from "acorn";
import type { Reference } from "eslint-scope";
import { inspectorSession } from "./inspector-session.js";
import { sightOfFile } from "./script-file.js";
import type { ScriptSight } from "./sight.js";
import { SourceText, type Position } from "./source-text.js";
import { parseProgram, referencesOf } from "./parser.js";
import { walk } from "./syntax-tree.js";

/** A function's place in the syntax: the node whose text is what `toString` shows, and the node of the function itself. */
export interface FunctionNode {
  readonly whole: AnyNode;
  readonly inner: AnyNode;
}

export class Script {
  readonly id: string;
  readonly url: string;
  readonly source: string;
  readonly isModule: boolean;
  readonly program: Program;
  /** In the order of the text. */
  readonly references: readonly Reference[];
  /** Then variables may be assigned to where no reference shows it. */
  readonly hasDirectEval: boolean;
  readonly #functions: readonly FunctionNode[];
  readonly #text: SourceText;

  constructor(id: string, sight: ScriptSight) {
    this.id = id;
    this.url = sight.url;
    this.source = sight.source;
    this.isModule = sight.isModule;
    this.#text = new SourceText(sight.source, { line: sight.startLine, column: sight.startColumn });
    this.program = parseProgram(sight.source, sight.isModule);
    this.references = referencesOf(this.program, sight.isModule);
    this.hasDirectEval = this.references.some(({ identifier, resolved }) => identifier.name === "eval" && !resolved);
    this.#functions = functionsOf(this.program);
  }

  /** The function at V8's position whose text is `text`. */
  functionAt(position: Position, text: string): FunctionNode | undefined {
    const offset = this.#text.offsetOf(position);
    return this.#functions.find(({ whole }) => {
      if (offset < whole.start || offset > whole.end) return false;
      return this.textOf(whole) === text;
    });
  }

  textOf(node: AnyNode): string {
    return this.source.slice(startOfText(node, this.source), node.end);
  }

  /** Line and column, from 0, as they are in the file. */
  positionOf(offset: number): Position {
    return this.#text.positionOf(offset);
  }
}

/** Analysed scripts that are kept; older ones are parsed again when they are needed. */
const maxScripts = 200;
const scripts = new Map<string, Script>();

/** The script with V8's id `scriptId`; `undefined` when V8 has no source for it. */
export function scriptById(scriptId: string): Script | undefined {
  const known = scripts.get(scriptId);
  if (known !== undefined) return known;
  const sight = sightOfFile(scriptId) ?? inspectorSession().script(scriptId);
  if (sight === undefined) return undefined;
  const script = new Script(scriptId, sight);
  scripts.set(scriptId, script);
  const [oldest] = scripts.keys();
  if (scripts.size > maxScripts && oldest !== undefined) scripts.delete(oldest);
  return script;
}

/** `static` belongs to the class, not to the method: `toString` leaves it out. */
export function startOfText(node: AnyNode, source: string): number {
  if (node.type !== "MethodDefinition" || !node.static) return node.start;
  const [keyword = ""] = /^static(?:\s|\/\*[^]*?\*\/|\/\/.*\n)*/.exec(source.slice(node.start, node.key.start)) ?? [];
  return node.start + keyword.length;
}

function functionsOf(program: Program): FunctionNode[] {
  const found: FunctionNode[] = [];
  walk(program, (node) => {
    if (isMethod(node)) found.push({ whole: node, inner: node.value });
    if (isFunction(node)) found.push({ whole: node, inner: node });
  });
  return found;
}

function isMethod(node: AnyNode): node is Extract<AnyNode, { type: "MethodDefinition" | "Property" }> {
  if (node.type === "MethodDefinition") return node.kind !== "constructor";
  return node.type === "Property" && (node.kind !== "init" || ("method" in node && node.method));
}

function isFunction({ type }: AnyNode): boolean {
  return /^(?:Function|Class)(?:Declaration|Expression)$|^ArrowFunctionExpression$/.test(type);
}
