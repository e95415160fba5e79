/**
 * Makes the objects of a shape. When a shape comes often, it gets code of its own, as V8 would inline it: that halves the
 * time a table takes to decode.
 *
 *     new ── `askAfter` uses in one message ──▶ shared by all messages ── `compileAfter` uses ──▶ compiled
 */

import { compileFunction } from "node:vm";

/** Uses in one message after which it is worth asking whether the shape has code already. */
const askAfter = 8;
/** Uses, in all messages, after which compiling (some 30 µs) pays. */
const compileAfter = 100;
/** Shapes that are remembered across messages: a limit for messages that make up names. */
const maxRemembered = 500;

export interface ValueReader {
  value(): unknown;
}

interface Code {
  create(): object;
  fill(object: object, reader: ValueReader): void;
}

/** What is known of a shape across messages. */
interface Memory {
  uses: number;
  code: Code | undefined;
}

const remembered = new Map<string, Memory>();

export class RecordShape {
  readonly #names: readonly string[];
  #uses = 0;
  #memory: Memory | undefined;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** A new object, which `fill` then completes. */
  create(): object {
    if (++this.#uses >= askAfter) this.#memory ??= recall(this.#names);
    return this.#memory?.code === undefined ? {} : this.#memory.code.create();
  }

  fill(object: object, reader: ValueReader): void {
    const memory = this.#memory;
    if (memory?.code !== undefined) {
      memory.code.fill(object, reader);
      return;
    }
    for (const name of this.#names) setProperty(object, name, reader.value());
    if (memory !== undefined && ++memory.uses === compileAfter) memory.code = compile(this.#names);
  }
}

export function setProperty(object: object, name: string, value: unknown): void {
  if (name === "__proto__") Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  else (object as Record<string, unknown>)[name] = value;
}

function recall(names: readonly string[]): Memory | undefined {
  const key = JSON.stringify(names);
  const known = remembered.get(key);
  if (known !== undefined || remembered.size >= maxRemembered) return known;
  const memory: Memory = { uses: 0, code: undefined };
  remembered.set(key, memory);
  return memory;
}

/** Names are written as string literals, so they cannot be code. `__proto__` is left to the loop: here it would be special. */
function compile(names: readonly string[]): Code | undefined {
  if (names.includes("__proto__")) return undefined;
  const literals = names.map((name) => JSON.stringify(name));
  const create = `return { ${literals.map((name) => `${name}: undefined`).join(", ")} };`;
  const fill = literals.map((name) => `object[${name}] = reader.value();`).join("\n");
  return {
    create: compileFunction(create) as Code["create"],
    fill: compileFunction(fill, ["object", "reader"]) as Code["fill"],
  };
}
