/**
 * Has Node map the stack traces of code that is compiled here. Node looks for source maps of modules only, by their names: so a
 * module that holds nothing but the map gets the name of the code.
 */
import { pathToFileURL } from "node:url";

const names = new Map<string, string>();
/** Node forgets a map together with its module. */
const carriers: object[] = [];

/** The name to compile the code under, which is `url` itself where no map is needed. */
export function mappedName(url: string, sourceMap: string): string {
  if (sourceMap === "" || Reflect.get(process, "sourceMapsEnabled") !== true) return url;
  const key = `${url} ${sourceMap}`;
  let name = names.get(key);
  if (name === undefined) {
    name = `${/^\w+:/.test(url) ? url : pathToFileURL(url).href}?text=${names.size + 1}`;
    names.set(key, name);
    carry(name, sourceMap);
  }
  return name;
}

function carry(name: string, sourceMap: string): void {
  const { Module } = process.getBuiltinModule("node:module");
  const carrier = new Module(name);
  const compile: unknown = Reflect.get(carrier, "_compile");
  if (typeof compile !== "function") return;
  const data = Buffer.from(sourceMap).toString("base64");
  Reflect.apply(compile, carrier, [`\n//# sourceMappingURL=data:application/json;base64,${data}`, name]);
  carriers.push(carrier);
}
