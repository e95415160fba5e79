/** Loaded with `--import` into a worker that is to die: its one file gets `armed-kill-point.js` in the place of its own. */
import { Module } from "node:module";
import { killPoint } from "../memory/armed-kill-point.js";

type Compile = (this: Module, code: string, ...rest: unknown[]) => unknown;

const unarmed = "function killPoint(_name) {";
const compile: Compile = Reflect.get(Module.prototype, "_compile");
const compileArmed: Compile = function compileArmed(code, ...rest) {
  return compile.call(this, code.replace(unarmed, `${unarmed} globalThis.killPoint(_name);`), ...rest);
};

Reflect.set(globalThis, "killPoint", killPoint);
Reflect.set(Module.prototype, "_compile", compileArmed);
