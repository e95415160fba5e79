/** Which test files some parts of paths mean. A part that none of them has ends the program: it would pass with nothing run. */
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** Starting from the sources, so that what an earlier build left behind is not run. */
export function selectFiles(wanted: readonly string[]): string[] {
  const sources = readdirSync("test", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => relative("test", join(entry.parentPath, entry.name)).replace(/\.ts$/, ".js"))
    .sort();
  const parts = wanted.map((pattern) => pattern.replace(/^(!?)(build\/)?test\//, "$1").replace(/\.ts$/, ".js"));
  const included = parts.filter((part) => !part.startsWith("!"));
  const excluded = parts.filter((part) => part.startsWith("!")).map((part) => part.slice(1));
  const useless = [...included, ...excluded].filter((part) => !sources.some((source) => source.includes(part)));
  if (useless.length > 0) refuse(`No test file has ${useless.join(" or ")} in its path`);
  const chosen = sources
    .filter((source) => included.length === 0 || included.some((part) => source.includes(part)))
    .filter((source) => !excluded.some((part) => source.includes(part)));
  if (chosen.length === 0) refuse("There are no test files");
  const compiled = chosen.map((source) => join("build/test", source));
  const missing = compiled.filter((path) => !existsSync(path));
  if (missing.length > 0) refuse(`Not built: ${missing.join(", ")}. Run "npm run check"`);
  return compiled;
}

function refuse(message: string): never {
  console.error(`Cannot run the tests: ${message}.`);
  process.exit(2);
}
