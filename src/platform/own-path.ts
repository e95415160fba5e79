import { fileURLToPath, pathToFileURL } from "node:url";
import { join } from "node:path";

/** The file that holds the code of this library: its own, or the bundle it has become part of. A CommonJS bundle has no `import.meta.url`. */
export function ownPath(): string {
  const url: string | undefined = import.meta.url;
  if (url !== undefined && url.startsWith("file:")) return fileURLToPath(url);
  return typeof __filename === "string" ? __filename : join(process.cwd(), "bundle.js");
}

/** The same as a URL. */
export function ownUrl(): string {
  return pathToFileURL(ownPath()).href;
}
