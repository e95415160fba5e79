/** What a module's namespace holds under a name. */
export interface FoundExport {
  readonly value: unknown;
  /** What it is a method of; `undefined` for an export. */
  readonly owner: unknown;
}

/**
 * The export of that name; else the member at the end of a path with dots. For CommonJS, whose exports Node cannot always
 * tell beforehand, both are also looked for in the default export. `undefined` when there is none.
 */
export function findExport(namespace: unknown, exportName: string): FoundExport | undefined {
  const whole = member(namespace, exportName);
  if (whole !== undefined) return { value: exportName === "default" ? unwrapDefault(whole) : whole, owner: undefined };
  const path = exportName.split(".");
  return follow(namespace, path) ?? follow(member(namespace, "default"), path);
}

/** Why `findExport` gave no function, with those there are. */
export function whyNotFound(namespace: unknown, exportName: string): string {
  const functions = functionExports(namespace);
  const choice = functions.length === 0 ? "The module exports no function." : `Functions it exports: ${functions.join(", ")}.`;
  if (exportName === "default") return `its default export is no function; name another export after a #. ${choice}`;
  const found = findExport(namespace, exportName);
  if (found === undefined) return `there is no export ${exportName}. ${choice}`;
  return `the export ${exportName} is ${kindOf(found.value)}, not a function. ${choice}`;
}

/** A CommonJS module compiled from `export default f` arrives as `{ default: { default: f } }`. */
function unwrapDefault(value: unknown): unknown {
  return typeof value === "function" ? value : (member(value, "default") ?? value);
}

function follow(start: unknown, path: readonly string[]): FoundExport | undefined {
  let value = start;
  let owner: unknown;
  for (const name of path) {
    owner = value;
    value = member(value, name);
    if (value === undefined) return undefined;
  }
  return { value, owner };
}

/** Methods of a class count; what every function and every object has does not. */
function member(value: unknown, name: string): unknown {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  if (name in Function.prototype && !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}

function functionExports(namespace: unknown): string[] {
  const names = new Set([...functionMembers(namespace), ...functionMembers(member(namespace, "default"))]);
  return [...names].filter((name) => name !== "module.exports").sort();
}

function functionMembers(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).filter((name) => typeof Reflect.get(value, name) === "function");
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return /^[aeiou]/.test(typeof value) ? `an ${typeof value}` : `a ${typeof value}`;
}
