/** What runs, by the stack. */
import { fileNameOf } from "./files.js";

/** Frames. Those of this library come first. */
const maxFrames = 100;

/** The SHA-256, in hexadecimal digits, of the source that V8 has of the file `path`; `undefined` when nobody was called from there. */
export function hashOfRunning(path: string): string | undefined {
  return callSites()
    .find((site) => fileNameOf(site.getScriptNameOrSourceURL() ?? "") === path)
    ?.getScriptHash();
}

function callSites(): readonly NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  let sites: readonly NodeJS.CallSite[] = [];
  try {
    Error.stackTraceLimit = maxFrames;
    Error.prepareStackTrace = (_error, found) => void (sites = found);
    // The trace is made when it is first read.
    void new Error("where is this?").stack;
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
  return sites;
}
