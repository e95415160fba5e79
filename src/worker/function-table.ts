/** The functions a worker was sent, by id. Each is rebuilt when the first task needs it: what it imports is imported then. */
import { DecodeError } from "../errors.js";
import { whileImporting, whileReading } from "../backend/realm.js";
import type { Codec } from "../wire/codec.js";
import type { Payload } from "../wire/messages.js";

export type TaskFunction = (...args: unknown[]) => unknown;

export class FunctionTable {
  readonly #codec: Codec;
  readonly #codes = new Map<number, Payload>();
  readonly #functions = new Map<number, TaskFunction>();

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  define(functionId: number, code: Payload): void {
    this.#codes.set(functionId, code);
  }

  forget(functionId: number): void {
    this.#codes.delete(functionId);
    this.#functions.delete(functionId);
  }

  /** The function; a promise of it while modules have to be imported first. Throws, or rejects, with what keeps it from being rebuilt. */
  get(functionId: number): TaskFunction | Promise<TaskFunction> {
    const known = this.#functions.get(functionId);
    if (known !== undefined) return known;
    const code = this.#codes.get(functionId);
    if (code === undefined) throw new DecodeError(`Cannot run a task: the function ${functionId} was not sent before`);
    const imports = this.#codec.prepare(code);
    return imports === undefined ? this.#rebuild(functionId, code) : whileImporting(imports).then(() => this.#rebuild(functionId, code));
  }

  #rebuild(functionId: number, code: Payload): TaskFunction {
    const value = whileReading(() => this.#codec.decode(code));
    if (!isTaskFunction(value)) throw new DecodeError("Cannot run a task: what was sent as its function is none");
    this.#functions.set(functionId, value);
    this.#codes.delete(functionId);
    return value;
  }
}

function isTaskFunction(value: unknown): value is TaskFunction {
  return typeof value === "function";
}
