/**
 * Functions of the program's main file that plainly take nothing from around them. Neither the parser nor the source that V8 holds is
 * needed for these, which together take longer to get ready than everything else that a first task needs. A function is plain when
 *
 *  - no word of its text, be it in a comment, is the name of a variable that V8 shows around it, or that of any function or class of
 *    the file, which V8 may not show; nor does any give meaning to what is around it;
 *  - V8 compiles the text as an expression, which a method or a part of a class is not;
 *  - it stands in the main file, which is a module, where V8 says: nothing in a main file is sent by the name of its export.
 *
 * Any other function, plain or not in the end, goes the long way (`capture.ts`), to the same header.
 */
import { Script } from "node:vm";
import type { CapturedCode } from "./capture.js";
import { mainModule, type MainModule } from "./main-file.js";
import { originOf } from "./origin.js";
import { describeFunction, ownName } from "./refusal.js";
import { urlOfRunning } from "./running-sources.js";
import type { FunctionLocation, ScopeSight, Sight } from "./sight.js";
import type { Position } from "./source-text.js";

/** `undefined` when it is not plain, or not plainly so. */
export function capturePlain(fn: Function, { location, scopes }: Sight): CapturedCode | undefined {
  const main = location === undefined ? undefined : mainModule();
  if (location === undefined || main === undefined) return undefined;
  const text = Function.prototype.toString.call(fn);
  const site = siteOf(text, location, main);
  if (site === undefined || mayTake(site.words, scopes)) return undefined;
  const { url } = main;
  const { place } = site;
  return {
    located: undefined,
    subject: describeFunction(fn, { url, line: place.line }),
    header: {
      ...{ kind: "code", origin: originOf(fn), form: "function", name: ownName(fn), text, url, ...place },
      ...{ isStrict: true, importMeta: "", sourceMap: "", constant: "", functionFields: [], captures: [] },
    },
    modules: [],
    bound: [],
    self: undefined,
    isSettled: true,
  };
}

/** A place in the main file where functions are made, all of one text. */
interface Site {
  readonly text: string;
  readonly place: Position;
  readonly words: ReadonlySet<string>;
}

/** By where V8 says that the function is: a loop makes one function after the other at the same place. */
const sites = new WeakMap<MainModule, Map<string, Site | undefined>>();

/** `undefined` where no function is plain. */
function siteOf(text: string, location: FunctionLocation, main: MainModule): Site | undefined {
  if (urlOfRunning(location.scriptId) !== main.url) return undefined;
  let known = sites.get(main);
  if (known === undefined) sites.set(main, (known = new Map<string, Site | undefined>()));
  const key = `${location.scriptId}:${location.line}:${location.column}`;
  if (!known.has(key)) known.set(key, lookAtSite(text, location, main));
  const site = known.get(key);
  return site?.text === text ? site : undefined;
}

function lookAtSite(text: string, location: FunctionLocation, main: MainModule): Site | undefined {
  const place = placeOf(text, location, main);
  const words = new Set(text.replace(ownNameInText, "").match(wordPattern));
  if (place === undefined || tellingWords.some((word) => words.has(word))) return undefined;
  for (const word of words) if (main.hiddenNames.has(word)) return undefined;
  return isExpression(text) ? { text, place, words } : undefined;
}

/** `undefined` when it stands elsewhere, or was generated from something that Node has a map of. */
function placeOf(text: string, location: FunctionLocation, { url, source }: MainModule): Position | undefined {
  const offset = source.offsetOf(location);
  const start = source.text.lastIndexOf(text, offset);
  if (start === -1 || start + text.length <= offset) return undefined;
  return process.getBuiltinModule("node:module").findSourceMap(url) === undefined ? source.positionOf(start) : undefined;
}

function mayTake(words: ReadonlySet<string>, scopes: readonly ScopeSight[]): boolean {
  return scopes.some(({ variables }) => Object.keys(variables).some((name) => words.has(name)));
}

/** A function's own name is no reference. Where it is one, it is there once more. */
const ownNameInText = /^(?:async\s+)?function\b\s*\*?\s*[\p{ID_Continue}$]*/u;
/** Identifiers; what begins a private name; and how an identifier is spelled that is none of these. */
const wordPattern = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*|#|\\u/gu;
/** They mean something of what is around the function, or may mean any variable. */
const tellingWords: readonly string[] = ["this", "super", "arguments", "import", "eval", "class", "#", "\\u"];

/** A method is none, nor what uses the `new.target` around it. */
function isExpression(text: string): boolean {
  try {
    return new Script(`(${text})`) instanceof Script;
  } catch {
    return false;
  }
}
