import { realpathSync } from "node:fs";
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
  return meta.url === urlOf(entry) || meta.url === urlOf(`${entry}.js`);
}

function urlOf(path: string): string | undefined {
  try {
    return pathToFileURL(realpathSync(path)).href;
  } catch {
    return undefined;
  }
}
