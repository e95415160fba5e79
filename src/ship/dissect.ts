/** Decides how a function is sent: by name, by reference to a module, or by its text. */
import type { EncodeContext, ModuleRequest, Parts } from "../wire/extension.js";
import { types } from "node:util";
import { allowAbsence, allowsAbsence, orAbsence } from "./absence.js";
import { builtinPath } from "./builtins.js";
import { captureCode, joinCells, type CapturedCode } from "./capture.js";
import { faceExport } from "./face.js";
import type { Header } from "./header.js";
import { inspectorSession } from "./inspector-session.js";
import { folderOfRequire } from "./modules.js";
import { exportReference } from "./reference.js";
import { describeFunction, nameOf, refuse } from "./refusal.js";
import { capturePlain } from "./plain-function.js";
import { scriptById } from "./script.js";
import type { Sight } from "./sight.js";
import { traceCapture } from "./trace.js";

/** How one function is sent. */
export type Dissection =
  | { readonly kind: "named"; readonly header: Header; readonly children: readonly unknown[] }
  | { readonly kind: "code"; readonly code: CapturedCode };

const dissected = new WeakMap<Function, Dissection>();

/** @throws NotShippableError */
export function dissect(fn: Function): Dissection {
  const known = dissected.get(fn);
  if (known !== undefined) return known;
  const dissection = look(fn);
  if (dissection.kind === "named" || dissection.code.isSettled) dissected.set(fn, dissection);
  return dissection;
}

export function partsOf(fn: Function, dissection: Dissection, context: EncodeContext): Parts {
  if (dissection.kind === "named") {
    const { header, children } = dissection;
    if (header.kind === "export") context.require(header.request);
    return { header, children };
  }
  const { code } = dissection;
  for (const request of code.modules) context.require(request);
  joinCells(code, context);
  if (code.self !== undefined) allowAbsenceAround(code.self, context);
  if (code.header.form === "class" && allowsAbsence(fn, context)) allowAbsence(Object.getPrototypeOf(fn) as object, context);
  for (const { name, value } of code.bound) traceCapture(value, { owner: fn, subject: code.subject, name });
  const { own, prototype } = propertiesOf(fn, code.header.functionFields);
  const mayLack = allowsAbsence(fn, context);
  const eager = code.bound.filter(({ isEager }) => isEager).map(({ value }) => value);
  const late = code.bound.filter(({ isEager }) => !isEager).map(({ name, value }) => (mayLack ? orAbsence(name, value) : value));
  return { header: { ...code.header, eager }, children: [...late, own, prototype] };
}

function allowAbsenceAround(self: object, context: EncodeContext): void {
  const constructor: unknown = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(self) ?? {}, "constructor")?.value;
  allowAbsence(self, context);
  if (typeof constructor === "function") allowAbsence(constructor, context);
}

/** What a program has put on a function, or on the prototype of a constructor. */
export function propertiesOf(fn: Function, functionFields: readonly string[]): { own: object | undefined; prototype: object | undefined } {
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, "prototype")?.value;
  return {
    own: dataOf(fn, (name, value) => functionFields.includes(name) && typeof value === "function"),
    prototype: typeof prototype === "object" && prototype !== null ? dataOf(prototype, () => false) : undefined,
  };
}

function dataOf(holder: object, isLeftOut: (name: string, value: unknown) => boolean): object | undefined {
  const found: [string, unknown][] = [];
  for (const name of Object.keys(holder)) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, name);
    if (descriptor !== undefined && "value" in descriptor && !isLeftOut(name, descriptor.value)) found.push([name, descriptor.value]);
  }
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function look(fn: Function): Dissection {
  if (types.isProxy(fn)) refuse(describeFunction(fn), "it is a proxy", "Send the function behind it");
  const path = builtinPath(fn);
  if (path !== undefined) return { kind: "named", header: { kind: "builtin", path }, children: [] };
  const folder = folderOfRequire(fn);
  if (folder !== undefined) return { kind: "named", header: { kind: "require", folder }, children: [] };
  const sight = inspectorSession().look(fn);
  if (sight.bound !== undefined) {
    const { target, thisValue, args } = sight.bound;
    traceCapture(target, { owner: fn, subject: describeFunction(fn), name: nameOf(target) });
    const header: Header = { kind: "bound", argumentCount: args.length, name: nameOf(fn) };
    return { kind: "named", header, children: [target, thisValue, ...args] };
  }
  return lookAtScript(fn, sight);
}

function lookAtScript(fn: Function, sight: Sight): Dissection {
  const own = faceExport(fn);
  const plain = own === undefined ? capturePlain(fn, sight) : undefined;
  if (plain !== undefined) return byText(fn, plain);
  const subject = describeFunction(fn);
  if (sight.location === undefined) refuse(subject, "it is native code that no name leads to", "Call it from a function of your own");
  const script = scriptById(sight.location.scriptId);
  if (script === undefined) refuse(subject, "V8 has no source for it", "Define it in a file");
  if (script.url.startsWith("node:"))
    refuse(subject, "it belongs to Node, and no module exports it", "Call it from a function of your own");
  const node = script.functionAt(sight.location, Function.prototype.toString.call(fn));
  if (node === undefined) refuse(subject, `it is not found in the source of ${script.url}`, "Export it from a module of its own");
  const located = { fn, sight, script, node };
  const reference = exportReference(located);
  if (reference !== undefined) return exported({ specifier: reference.url, parent: undefined }, reference.path);
  return own === undefined ? byText(fn, captureCode(located)) : exported(own.request, [own.name]);
}

function byText(fn: Function, code: CapturedCode): Dissection {
  refuseInheritance(fn, describeFunction(fn));
  return { kind: "code", code };
}

function exported(request: ModuleRequest, path: readonly string[]): Dissection {
  return { kind: "named", header: { kind: "export", request, path, type: "function" }, children: [] };
}

/** A constructor whose prototype was made by hand inherits in ways that its text does not tell. */
function refuseInheritance(fn: Function, subject: string): void {
  const descriptor = Object.getOwnPropertyDescriptor(fn, "prototype");
  const prototype: unknown = descriptor?.writable === true ? descriptor.value : undefined;
  if (typeof prototype !== "object" || prototype === null || types.isGeneratorFunction(fn)) return;
  if (Object.getPrototypeOf(prototype) === Object.prototype) return;
  refuse(
    subject,
    "its prototype inherits from another constructor's",
    "Write it as a class with extends, or export it from a module of its own",
  );
}
