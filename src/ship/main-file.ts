/** The file that Node was told to run. A worker runs another: what it exports is never imported there, which would run it again. */
import { readFileSync, realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { isModuleFile } from "./files.js";
import { SourceText } from "./source-text.js";

export function isMainFile(fileName: string): boolean {
  const [, argument] = process.argv;
  if (argument === undefined) return false;
  const main = realPath(argument);
  const file = realPath(fileName);
  return file === main || file.replace(/\.\w+$/, "") === main;
}

export interface MainModule {
  readonly url: string;
  readonly source: SourceText;
  /**
   * What V8 shows in no scope: the names of function expressions, which the functions within may use. And with them, since nothing
   * tells them apart without a parser, the names of all functions and classes.
   */
  readonly hiddenNames: ReadonlySet<string>;
}

let lastMain: { readonly argument: string | undefined; readonly module: MainModule | undefined } | undefined;

/** The main file, when it is plainly a module of JavaScript. */
export function mainModule(): MainModule | undefined {
  const [, argument] = process.argv;
  if (lastMain === undefined || lastMain.argument !== argument) lastMain = { argument, module: readMain(argument) };
  return lastMain.module;
}

function readMain(argument: string | undefined): MainModule | undefined {
  if (argument === undefined) return undefined;
  const path = realPath(argument);
  if (isModuleFile(path) !== true) return undefined;
  try {
    const text = readFileSync(path, "utf8");
    return { url: pathToFileURL(path).href, source: new SourceText(text), hiddenNames: namesIn(text) };
  } catch {
    return undefined;
  }
}

/** Behind the word that declares it, a `*`, spaces and comments. */
const namePattern = /\b(?:function|class)\b(?:[\s*]|\/\*[^]*?\*\/|\/\/.*)*([\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)/gu;

function namesIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(namePattern)].map(([, name = ""]) => name));
}

const realPaths = new Map<string, string>();

function realPath(path: string): string {
  let real = realPaths.get(path);
  if (real !== undefined) return real;
  try {
    real = realpathSync(path);
  } catch {
    real = path;
  }
  realPaths.set(path, real);
  return real;
}
