/** What runs, by the stack: the scripts that this library was called from. */
import { inspectorSession } from "./inspector-session.js";

/** Frames. Those of this library come first. */
const maxFrames = 100;

const urls = new Map<string, string>();

/** The URL of a script, by V8's id; `undefined` unless it runs, or ran at an earlier look. */
export function urlOfRunning(scriptId: string): string | undefined {
  if (!urls.has(scriptId)) for (const [id, url] of inspectorSession().runningScripts()) urls.set(id, url);
  return urls.get(scriptId);
}

/**
 * The SHA-256, in hexadecimal digits, of the source that V8 has under one of these names; `undefined` when nobody was called from
 * there, or when scripts of those names differ.
 */
export function hashOfRunning(...names: readonly string[]): string | undefined {
  const sites = callSites().filter((site) => names.includes(site.getScriptNameOrSourceURL() ?? ""));
  const [hash, another] = new Set(sites.map((site) => site.getScriptHash()));
  return another === undefined ? hash : undefined;
}

function callSites(): readonly NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  let sites: readonly NodeJS.CallSite[] = [];
  try {
    set({ stackTraceLimit: maxFrames, prepareStackTrace: (_error, found) => void (sites = found) });
    // The trace is made when it is first read.
    void new Error("where is this?").stack;
  } finally {
    set({ stackTraceLimit, prepareStackTrace });
  }
  return sites;
}

/** Where `Error` is frozen, nothing happens, and no site is found. */
function set(properties: Pick<ErrorConstructor, "stackTraceLimit" | "prepareStackTrace">): void {
  for (const [name, value] of Object.entries(properties)) Reflect.set(Error, name, value);
}
