/** Lets code that is compiled here import as the module it came from would. */
import { constants, Script } from "node:vm";
import { ownUrl } from "../platform/own-path.js";

type Importer = (specifier: string) => Promise<object>;

let isPrimed = false;

/** Compiles a script whose `import()` is resolved from its file name. */
export function compileAt(code: string, fileName: string, lineOffset: number): Script {
  if (!isPrimed && code.includes("import")) prime();
  return compile(code, fileName, lineOffset);
}

function compile(code: string, filename: string, lineOffset: number): Script {
  return new Script(code, { filename, lineOffset, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER });
}

/** The first such `import()` of a process warns that the option is experimental, which is no news to the user. */
function prime(): void {
  isPrimed = true;
  const descriptor = Object.getOwnPropertyDescriptor(process, "emitWarning");
  process.emitWarning = () => {};
  try {
    const importer = compile("(specifier) => import(specifier)", ownUrl(), 0).runInThisContext() as Importer;
    importer("node:vm").catch(() => {});
  } finally {
    if (descriptor === undefined) Reflect.deleteProperty(process, "emitWarning");
    else Object.defineProperty(process, "emitWarning", descriptor);
  }
}
