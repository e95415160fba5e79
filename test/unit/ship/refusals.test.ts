import assert from "node:assert/strict";
import { Socket } from "node:net";
import { after, test } from "node:test";
import { NotShippableError } from "#lib/errors.js";
import { shipFunction } from "#lib/ship/ship.js";
import { shipCodec } from "./elsewhere.js";

const codec = shipCodec();
const socket = new Socket();
after(() => socket.destroy());

const usesSocket = (): boolean => socket.destroyed;
const callsIt = (): boolean => usesSocket();

class Counter {
  #count = 0;
  next = (): number => ++this.#count;
  peek(): number {
    return this.#count;
  }
}
const counter = new Counter();
function Old(this: object): () => unknown {
  return () => new.target;
}
function takesArguments(..._values: number[]): () => unknown {
  // oxlint-disable-next-line prefer-rest-params -- they are what is refused.
  return () => arguments[0] as unknown;
}
const parent = {
  method(): string {
    return super.toString();
  },
};

const cases: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    "a socket, through another function",
    callsIt,
    /usesSocket \(refusals\.test\.js:\d+\) captured socket \(class Socket\).*export the function/,
  ],
  ["an instance with private members", () => counter.peek(), /Counter, whose private members/],
  [
    "a promise",
    (
      (promise: Promise<number>) => () =>
        promise
    )(Promise.resolve(1)),
    /class Promise/,
  ],
  [
    "a timer",
    (
      (timer: NodeJS.Timeout) => () =>
        timer
    )(setTimeout(() => {}, 0)),
    /class Timeout/,
  ],
  [
    "a symbol",
    (
      (symbol: symbol) => () =>
        symbol
    )(Symbol("mine")),
    /symbol, and would not be the same/,
  ],
  [
    "the new.target around an arrow function",
    (Reflect.construct(Old, []) as () => unknown) ?? (() => 0),
    /arrow function that uses new\.target/,
  ],
  ["the arguments around an arrow function", takesArguments(1), /uses the arguments of the function around it/],
  ["super in a method", parent.method, /uses super/],
  ["a private name in a method", counter.peek, /private name/],
  // oxlint-disable-next-line no-eval -- what eval uses cannot be known.
  ["eval", () => eval("1") as unknown, /calls eval/],
];

for (const [name, fn, message] of cases) {
  test(`a function with ${name} is refused in words`, () => {
    assert.throws(
      () => shipFunction(fn, codec),
      (error: unknown) => {
        assert.ok(error instanceof NotShippableError, String(error));
        assert.match(error.message, message);
        assert.ok(error.chain.length > 0);
        return true;
      },
    );
  });
}

test("the name of the function expression around a function is refused, and never taken for another variable", () => {
  const step = "the outer one";
  const within = (function step(): () => string {
    return () => typeof step;
  })();
  assert.equal(step, "the outer one");
  assert.throws(() => shipFunction(within, codec), /uses the variable step, which cannot be read/);
});

test("the same function is encoded once while what it captured stays the same, and anew when it changes", () => {
  const state = { n: 1 };
  const fn = (): number => state.n;
  const first = shipFunction(fn, codec);
  assert.equal(shipFunction(fn, codec).version, first.version);
  state.n = 2;
  assert.notEqual(shipFunction(fn, codec).version, first.version);
  const fixed = (): number => 1;
  assert.equal(shipFunction(fixed, codec), shipFunction(fixed, codec));
});

test("a variable whose declaration has not run is told from one that is undefined", async () => {
  const early = (): unknown => [later, empty];
  assert.throws(() => shipFunction(early, codec), /variable later, which has no value yet/);
  const later: unknown = await Promise.resolve(undefined);
  let empty: unknown;
  assert.ok(shipFunction(early, codec).version > 0);
  empty = later;
});

test("to find out what this is, or whether a variable is set, nothing of the function runs", () => {
  const ran = { count: 0 };
  const maker = {
    make() {
      return [
        ({ a: [b], ...c }: { a: number[] }, d = 1): unknown => [ran.count++, this, b, c, d],
        async ([a, { b }]: [number, { b: number }]): Promise<unknown> => [ran.count++, this, a, b],
        (): unknown => {
          while (ran.count < 1e9) ran.count++;
          return this;
        },
      ];
    },
  };
  for (const fn of maker.make()) assert.ok(shipFunction(fn, codec).version > 0);
  assert.equal(ran.count, 0);
});

test("a variable that is not set yet is refused, and sent once it is set", () => {
  const early = (): unknown => notYet;
  assert.throws(() => shipFunction(early, codec), /variable notYet, which has no value yet/);
  const notYet = new Map();
  assert.ok(shipFunction(early, codec).version > 0);
});
