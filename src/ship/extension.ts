/** Functions, classes and their instances in messages. */
import { DecodeError, NotShippableError } from "../errors.js";
import type { Assembly, CodecExtension, DecodeContext, EncodeContext, Parts } from "../wire/extension.js";
import { Absence, absent } from "./absence.js";
import { builtinAt, builtinPath } from "./builtins.js";
import { Cell } from "./cell.js";
import { dissect, partsOf, propertiesOf } from "./dissect.js";
import { asHeader, type CodeHeader, type Header } from "./header.js";
import { LiveNamespace, makeLive } from "./live-namespace.js";
import { requireFrom } from "./modules.js";
import { madeHere, receivedBefore, rememberReceived } from "./origin.js";
import { noteReceived, receivedForm } from "./received.js";
import { rebuild, type Rebuilt } from "./rebuild.js";
import { traceContent, withChain } from "./trace.js";

export { instanceExtension } from "./instance.js";
export { loadModule } from "./load-module.js";

/** Functions, classes, Node's own objects, and the variables that functions share. */
export const functionExtension: CodecExtension = {
  name: "function",
  dismantle(value, context) {
    if (value instanceof Cell) return dismantleCell(value, context);
    if (value instanceof Absence)
      return { header: { kind: "absent", name: value.name, reason: value.reason } satisfies Header, children: [] };
    if (value instanceof LiveNamespace)
      return { header: { kind: "namespace", names: value.names } satisfies Header, children: value.getters };
    if (typeof value === "function") return dismantleFunction(value, context);
    const path = builtinPath(value);
    return path === undefined ? undefined : { header: { kind: "builtin", path } satisfies Header, children: [] };
  },
  assemble: (header, context) => assemble(asHeader(header), context),
};

const receivedClasses = new WeakMap<object, Rebuilt>();

function dismantleFunction(fn: Function, context: EncodeContext): Parts {
  const received = receivedForm(fn);
  if (received !== undefined) {
    if (received.header.kind === "code") requireModules(received.header, context);
    return { header: received.header, children: received.children() };
  }
  try {
    return partsOf(fn, dissect(fn), context);
  } catch (error) {
    throw error instanceof NotShippableError ? withChain(fn, error) : error;
  }
}

function requireModules({ captures }: CodeHeader, context: EncodeContext): void {
  for (const capture of captures) if (capture.kind === "import") context.require(capture.request);
}

function dismantleCell(cell: Cell, context: EncodeContext): Parts {
  const value = cell.read(context);
  if (typeof value === "symbol") {
    const reason = `Cannot send a function: its variable ${cell.name} is a symbol, and would not be the same one elsewhere. Use a string`;
    throw withChain(cell, new NotShippableError(reason, [cell.name]));
  }
  traceContent(value, cell);
  return { header: { kind: "cell", name: cell.name } satisfies Header, children: [value] };
}

function assemble(header: Header, context: DecodeContext): Assembly {
  switch (header.kind) {
    case "builtin":
      return complete(builtinAt(header.path), () => `this version of Node has no ${header.path.join(".")}`);
    case "export":
      return complete(
        header.path.reduce<unknown>(
          (value, name) => (Object(value) === value ? Reflect.get(Object(value), name) : undefined),
          context.module(header.request),
        ),
        () => `${header.request.specifier} does not export ${header.path.join(".")} here`,
      );
    case "require":
      return complete(requireFrom(header.folder), () => "");
    case "cell":
      return assembleCell(header.name);
    case "absent":
      return { value: absent(header.name, header.reason), fill() {} };
    case "namespace":
      return assembleNamespace(header.names);
    case "bound":
      return assembleBound(header);
    case "code":
      return assembleCode(header, context);
  }
}

function complete(value: unknown, problem: () => string): Assembly {
  if ((typeof value !== "object" || value === null) && typeof value !== "function")
    throw new DecodeError(`Cannot read a function: ${problem()}`);
  return { value, fill() {} };
}

function assembleCell(name: string): Assembly {
  const cell = new Cell(name);
  return {
    value: cell,
    fill([value]) {
      cell.value = value;
    },
  };
}

function assembleNamespace(names: readonly string[]): Assembly {
  const value = {};
  return { value, fill: (getters) => makeLive(value, names, getters) };
}

/** A bound function exists before its target does. */
function assembleBound(header: Extract<Header, { kind: "bound" }>): Assembly {
  let parts: readonly unknown[] = [];
  const value = function (this: unknown, ...args: unknown[]): unknown {
    const [target, thisValue, ...first] = parts;
    if (typeof target !== "function") throw new TypeError(`Cannot call ${header.name}: the function it is bound to is missing`);
    if (new.target !== undefined) return Reflect.construct(target, [...first, ...args], new.target === value ? target : new.target);
    return Reflect.apply(target, thisValue, [...first, ...args]);
  };
  Object.defineProperty(value, "name", { value: header.name, configurable: true });
  noteReceived(value, { header, children: () => parts });
  return {
    value,
    fill(children) {
      parts = children;
    },
  };
}

function assembleCode(header: CodeHeader, context: DecodeContext): Assembly {
  const original = madeHere(header.origin);
  if (original !== undefined) return { value: original, fill() {} };
  const known = header.form === "class" ? receivedBefore(header.origin) : undefined;
  const rebuilt = (known === undefined ? undefined : receivedClasses.get(known)) ?? rebuild(header, context);
  const { fn } = rebuilt;
  rememberReceived(header.origin, fn);
  if (header.form === "class") receivedClasses.set(fn, rebuilt);
  const children = (): readonly unknown[] => {
    const { own, prototype } = propertiesOf(fn, header.functionFields);
    return [...lateOnly(header, rebuilt.read()), own, prototype];
  };
  noteReceived(fn, { header, children });
  return { value: fn, fill: (values) => fillCode(header, rebuilt, values) };
}

/** Of the values of the captures those that are no part of the header. */
function lateOnly({ captures }: CodeHeader, values: readonly unknown[]): readonly unknown[] {
  const bound = captures.filter((capture) => capture.kind === "value");
  return values.filter((_value, index) => bound[index]?.isEager === false);
}

function fillCode({ captures, eager }: CodeHeader, { fn, fill }: Rebuilt, children: readonly unknown[]): void {
  const late = children.slice(0, -2);
  let [nextEager, nextLate] = [0, 0];
  const values = captures.flatMap((capture) => (capture.kind === "value" ? [capture.isEager ? eager[nextEager++] : late[nextLate++]] : []));
  fill(values);
  const [own, prototype] = children.slice(-2);
  defineAll(fn, own);
  if (prototype !== undefined) defineAll(Reflect.get(fn, "prototype"), prototype);
}

function defineAll(target: unknown, properties: unknown): void {
  if (Object(target) !== target || typeof properties !== "object" || properties === null) return;
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  }
}
