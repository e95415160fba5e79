/** Imports modules as the module that named them would. */
import type { ModuleRequest } from "../wire/extension.js";
import { compileAt } from "./dynamic-import.js";

type Importer = (specifier: string) => Promise<object>;

const importers = new Map<string, Importer>();

/** Resolves `specifier` from its parent, with all that Node applies to an `import` there. Rejects with the import's error. */
export function loadModule({ specifier, parent }: ModuleRequest): Promise<object> {
  if (parent === undefined || parent === "") return import(specifier) as Promise<object>;
  let importer = importers.get(parent);
  if (importer === undefined) importers.set(parent, (importer = importerOf(parent)));
  return importer(specifier);
}

function importerOf(parent: string): Importer {
  const script = compileAt("(specifier) => import(specifier)", parent, 0);
  return script.runInThisContext() as Importer;
}
