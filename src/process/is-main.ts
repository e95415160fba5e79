import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { realm } from "../backend/realm.js";

/**
 * Whether the module is the program itself: `isMain(import.meta)`. False in every worker. Not needed to keep workers from starting
 * workers, since nothing runs the program's module again. Python: `__name__ == "__main__"`.
 *
 * @example
 * if (isMain(import.meta)) await main();
 */
export function isMain(meta: { readonly url: string }): boolean {
  const entry = process.argv[1];
  if (entry === undefined || realm().identity !== undefined) return false;
  return meta.url === pathToFileURL(entry).href || meta.url === urlOf(entry);
}

/** The module that Node runs for that argument: links are followed, an extension or a folder's main module may be left out. */
function urlOf(entry: string): string | undefined {
  try {
    return pathToFileURL(createRequire(entry).resolve(entry)).href;
  } catch {
    return undefined;
  }
}
