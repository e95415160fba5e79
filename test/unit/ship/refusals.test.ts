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
const self = new (class {
  value = 1;
  read = (): number => this.value;
})();
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
  ["the this around an arrow function", self.read, /arrow function that uses this/],
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

test("a variable that is not set yet is refused, and sent once it is set", () => {
  const early = (): unknown => notYet;
  assert.throws(() => shipFunction(early, codec), /variable notYet, which has no value yet/);
  const notYet = new Map();
  assert.ok(shipFunction(early, codec).version > 0);
});
