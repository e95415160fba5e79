/**
 * Writes programs that send functions of every kind, with captures of every kind, to a pool. Each cell says whether the function
 * returned there what it returns at home: `works`, `refused: …`, or what went wrong.
 */

export interface ProgramOptions {
  readonly format: "esm" | "cjs";
  /** Whether the text has types, for loaders that take them away. */
  readonly isTyped: boolean;
  readonly library: string;
  /** Whether it is a test of vitest. */
  readonly isTest?: boolean;
}

/** The text of one program. It writes its cells as JSON to the file that the environment variable `CELLS` names. */
export function matrixProgram({ format, isTyped, library, isTest = false }: ProgramOptions): string {
  const captures = { ...everywhere, ...(format === "esm" ? inModules : inCommonJs) };
  const cells = Object.entries(kinds).flatMap(([kind, write]) =>
    Object.entries(captures).map(
      ([capture, expression]) => `await cell(${JSON.stringify(`${kind}, ${capture}`)}, () => { ${write(expression)} });`,
    ),
  );
  const main = [...cells, ...builtins, ""].join("\n  ");
  return [
    format === "esm" ? importsOf(library) : requiresOf(library),
    isTyped ? "const typed: number = 3 as number;" : "const typed = 3;",
    declarations,
    `async function main() {\n  ${main}await pool.terminate();\n  writeFileSync(process.env.CELLS, JSON.stringify(cells));\n}`,
    isTest ? runAsTest : format === "esm" ? "await main();" : "main();",
    "",
  ].join("\n");
}

const importsOf = (library: string): string => `
import { writeFileSync } from "node:fs";
import * as path from "node:path";
import { basename as baseName } from "node:path";
import { Pool } from "${library}";
import twice, { named, settings as renamed } from "./library.mjs";
import * as everything from "./library.mjs";
import data from "./data.json" with { type: "json" };
import { tokTypes } from "acorn";`;

const requiresOf = (library: string): string => `
const { writeFileSync } = require("node:fs");
const path = require("node:path");
const { basename: baseName } = require("node:path");
const { Pool } = require("${library}");
const local = require("./library.cjs");
const { named } = require("./library.cjs");
const data = require("./data.json");
const { tokTypes } = require("acorn");`;

const runAsTest = `import { test } from "vitest";
test("all cells", main, 90_000);`;

/** `n` is the argument. */
const everywhere: Readonly<Record<string, string>> = {
  nothing: "n + 1",
  "a primitive": "n * factor + typed",
  "an object": "n + table.deep[1].x",
  "a map": 'n + map.get("a")[0]',
  "a class": "new Square(n).area()",
  "a chain of functions": "outer(n)",
  "a variable that functions share": "[bump(), bump(), current(), n]",
  "a variable that changes": "n + counter",
  "a Node module": 'path.join("a", String(n))',
  "a function of a Node module": 'baseName("/a/" + n)',
  "an object of the language": "tools.math.max(n, 5) + tools.json.stringify([n])",
  "a function of a module": "named(n)",
  JSON: "data.answer + n",
  "a package": "tokTypes.num.label + n",
};

const inModules: Readonly<Record<string, string>> = {
  "a default import": "twice(n)",
  "a renamed import": "renamed.offset + n",
  "a namespace": "everything.named(n) + everything.default(n)",
  "import.meta.url": "import.meta.url + n",
  "a dynamic import": 'import("./library.mjs").then((library) => library.named(n))',
};

const inCommonJs: Readonly<Record<string, string>> = {
  "a required module": "local.settings.offset + n",
  require: 'require("./library.cjs").named(n)',
  "__dirname and __filename": "__dirname + __filename + n",
  "a dynamic import": 'import("./library.mjs").then((library) => library.named(n))',
};

const kinds: Readonly<Record<string, (expression: string) => string>> = {
  arrow: (expression) => `return (n) => ${expression};`,
  "async arrow": (expression) => `return async (n) => { await null; return ${expression}; };`,
  "function declaration": (expression) => `function f(n) { return ${expression}; } return f;`,
  "async function": (expression) => `return async function (n) { await null; return ${expression}; };`,
  generator: (expression) => `function* g(n) { yield ${expression}; } return (n) => [...g(n)][0];`,
  "async generator": (expression) => `async function* g(n) { yield ${expression}; } return async (n) => (await g(n).next()).value;`,
  "method of an instance": (expression) => `class K { method(n) { return ${expression}; } } const k = new K(); return (n) => k.method(n);`,
  "method of an object": (expression) => `return { method(n) { return ${expression}; } }.method;`,
  "static method": (expression) => `class K { static make(n) { return ${expression}; } } return K.make;`,
  "closure a getter made": (expression) => `return { get made() { return (n) => ${expression}; } }.made;`,
  "bound function": (expression) => `return function (one, n) { return one && this.is && ${expression}; }.bind({ is: true }, 1);`,
  class: (expression) => `class K { constructor(n) { this.value = ${expression}; } } return (n) => new K(n).value;`,
  "default parameter": (expression) => `return (n, { m = ${expression} } = {}) => m;`,
  recursive: (expression) => `function f(n, k = 2) { return k > 0 ? f(n, k - 1) : ${expression}; } return f;`,
  "mutually recursive": (expression) =>
    `const f = (n, k = 3) => (k > 0 ? g(n, k - 1) : ${expression}); const g = (n, k) => (k > 0 ? f(n, k - 1) : ${expression}); return f;`,
  "arrow with this": (expression) => `class K { one = 1; make() { return (n) => this.one && ${expression}; } } return new K().make();`,
};

const builtins: readonly string[] = [
  'await cell("builtin, of the language", () => Math.sqrt);',
  'await cell("builtin, of a Node module", () => path.isAbsolute, "/a");',
  'await cell("builtin, that was bound", () => Math.max.bind(Math, 9));',
];

const declarations = `
const pool = new Pool(1);
const cells = {};
const factor = 3;
const table = { deep: [1, { x: 5 }] };
const map = new Map([["a", [4]]]);
const tools = { math: Math, json: JSON };
let counter = 10;
const bump = () => ++counter;
function current() {
  return counter;
}
class Shape {
  static unit = 2;
  #size;
  constructor(size) {
    this.#size = size;
  }
  area() {
    return this.#size * Shape.unit;
  }
}
class Square extends Shape {
  area() {
    return super.area() * factor;
  }
}
const inner = (n) => n + table.deep[0];
const middle = (n) => inner(n) * factor;
function outer(n) {
  return middle(n) + inner(n);
}

async function cell(name, make, argument = 4) {
  let fn;
  try {
    fn = make();
    const there = JSON.stringify(await pool.apply(fn, [argument]));
    const here = JSON.stringify(await fn(argument));
    cells[name] = there === here ? "works" : "wrong: " + there + " instead of " + here;
  } catch (error) {
    cells[name] = error.code === "ERR_NOT_SHIPPABLE" ? "refused: " + error.message : "failed: " + (error.stack ?? error);
  }
}
`;
