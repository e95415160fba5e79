/** What Vite, and so vitest, makes of `import`: variables that hold namespaces, and functions that only exist in its process. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Variable } from "eslint-scope";
import { initializerOf } from "./variables.js";

export const viteImportMeta = "__vite_ssr_import_meta__";
export const viteDynamicImport = "__vite_ssr_dynamic_import__";
const viteImport = "__vite_ssr_import__";

/**
 * The URL of the module whose namespace `variable` holds, when it is one that Vite leaves to Node: Node's own, and packages. Its
 * other modules exist in its process only, and what is used of them goes by value.
 */
export function viteImportedUrl(variable: Variable, parent: string): string | undefined {
  const awaited = initializerOf(variable);
  if (awaited?.type !== "AwaitExpression" || awaited.argument.type !== "CallExpression") return undefined;
  const { callee, arguments: args } = awaited.argument;
  const [specifier] = args;
  if (callee.type !== "Identifier" || callee.name !== viteImport) return undefined;
  return specifier?.type === "Literal" && typeof specifier.value === "string" ? urlOf(specifier.value, parent) : undefined;
}

function urlOf(specifier: string, parent: string): string | undefined {
  if (specifier.startsWith("node:")) return specifier;
  if (!specifier.includes("/node_modules/") || !parent.startsWith("file:")) return undefined;
  const path = specifier.startsWith("/@fs/") ? specifier.slice("/@fs".length) : fromRoot(specifier, dirname(fileURLToPath(parent)));
  return path === undefined ? undefined : pathToFileURL(path).href;
}

/** Vite counts paths from the project's root, which it does not tell. */
function fromRoot(path: string, folder: string): string | undefined {
  const candidate = join(folder, path);
  if (existsSync(candidate)) return candidate;
  return dirname(folder) === folder ? undefined : fromRoot(path, dirname(folder));
}
