/** Which functions are the engine's or Node's own, and not the program's. */
import { builtinPath } from "./builtins.js";
import { inspectorSession } from "./inspector-session.js";
import { receivedForm } from "./received.js";

const known = new WeakMap<Function, boolean>();
const scriptUrls = new Map<string, string>();

export function belongsToNode(fn: Function): boolean {
  let answer = known.get(fn);
  if (answer === undefined)
    known.set(fn, (answer = builtinPath(fn) !== undefined || (receivedForm(fn) === undefined && isBuiltinCode(fn))));
  return answer;
}

function isBuiltinCode(fn: Function): boolean {
  const { location } = inspectorSession().look(fn);
  return location === undefined || urlOf(location.scriptId).startsWith("node:");
}

function urlOf(scriptId: string): string {
  let url = scriptUrls.get(scriptId);
  if (url === undefined) scriptUrls.set(scriptId, (url = inspectorSession().script(scriptId)?.url ?? ""));
  return url;
}
