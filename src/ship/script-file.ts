/**
 * The source of a script from the file it was loaded from, where it is known to be the same.
 *
 * Of a script that is running, as that of a caller mostly is, V8 tells the URL and a hash of its source. Of any other it tells through
 * its debugger alone, which hashes all sources there are when it is switched on, Node's own included: 50 ms at the start of a program.
 */
import { crypto } from "../platform/crypto.js";
import { contentOf, fileNameOf, isModuleFile } from "./files.js";
import { hashOfRunning, urlOfRunning } from "./running-sources.js";
import type { ScriptSight } from "./sight.js";

/** `undefined` when it does not run, does not come from a file, or comes from one that is not what V8 has. */
export function sightOfFile(scriptId: string): ScriptSight | undefined {
  const url = urlOfRunning(scriptId);
  const path = url === undefined ? undefined : fileNameOf(url);
  if (url === undefined || path === undefined) return undefined;
  const isModule = isModuleFile(path);
  const content = isModule === undefined ? undefined : contentOf(path);
  if (isModule === undefined || content === undefined || hashOfRunning(url, path) !== hashOf(content)) return undefined;
  return { url, isModule, startLine: 0, startColumn: 0, source: content.toString() };
}

function hashOf(content: Buffer): string {
  return crypto().createHash("sha256").update(content).digest("hex");
}
