/** The files that scripts come from. */
import { readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The file a script was loaded from; `undefined` for other scripts. */
export function fileNameOf(url: string): string | undefined {
  if (url.startsWith("file:")) return fileURLToPath(url);
  return url.startsWith("/") || /^[A-Za-z]:[\\/]/.test(url) ? url : undefined;
}

/** Whether a file is a module by its name and package; `undefined` when it is no plain JavaScript, or when Node has to look into it. */
export function isModuleFile(path: string): boolean | undefined {
  switch (extname(path)) {
    case ".mjs":
      return true;
    case ".cjs":
      return false;
    case ".js":
      return isModulePackage(dirname(path));
    default:
      return undefined;
  }
}

const packages = new Map<string, boolean | undefined>();

function isModulePackage(folder: string): boolean | undefined {
  if (!packages.has(folder)) packages.set(folder, lookForPackage(folder));
  return packages.get(folder);
}

function lookForPackage(folder: string): boolean | undefined {
  const parent = dirname(folder);
  const content = contentOf(join(folder, "package.json"));
  if (content !== undefined) return typeOf(content.toString());
  return parent === folder || folder.endsWith("node_modules") ? undefined : isModulePackage(parent);
}

function typeOf(text: string): boolean | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return undefined;
  }
  const type: unknown = typeof content === "object" && content !== null ? Reflect.get(content, "type") : undefined;
  return type === "module" ? true : type === "commonjs" ? false : undefined;
}

export function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
