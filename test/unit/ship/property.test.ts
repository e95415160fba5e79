import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { elsewhere } from "./elsewhere.js";

const there = elsewhere();
after(() => there[Symbol.asyncDispose]());

/** An expression over the variables of the factory below. Division is left out, so that results compare exactly. */
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(
      "x",
      "constant",
      "changed",
      "list[0]",
      "object.deep.n",
      "inner(2)",
      "new Box(x).get()",
      "Box.count",
      "step()",
      "7",
      "pair.up()",
      "pair.see()",
      "self.base",
      "self.scale(x)",
    ),
    fc.tuple(tie("expression"), fc.constantFrom("+", "-", "*"), tie("expression")).map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `((y, { z = ${b} } = {}) => y + z)(${a})`),
    fc.tuple(tie("expression"), tie("expression"), tie("expression")).map(([a, b, c]) => `(${a} > 0 ? ${b} : ${c})`),
    tie("expression").map((a) => `((w) => { let changed = w; { const x = changed; changed += x; } return changed; })(${a})`),
    tie("expression").map((a) => `(changed = ${a}, changed)`),
    tie("expression").map((a) => `((k) => () => k + changed + pair.see())(${a})()`),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `[...numbers(${a}, ${b})].length`),
    tie("expression").map((a) => `(([first, ...[second = first]], { length: size = 0 }) => first - second + size)([${a}], list)`),
    tie("expression").map(
      (a) => `((...args) => { try { constant = args[0]; return 1; } catch (error) { return args[0] + error.message.length; } })(${a})`,
    ),
    tie("expression").map(
      (a) => `(() => { let total = 0; for (const item of list) for (let i = 0; i < 2; i++) total += item * i + ${a}; return total; })()`,
    ),
    tie("expression").map((a) => `(({ changed } = { changed: ${a} }), [changed][0])`),
    tie("expression").map((a) => `[${a}, constant].reduce((sum, n) => sum + n, object.deep.n)`),
  ),
}));

const form = fc.constantFrom(
  (body: string) => `const fn = (x) => ${body};`,
  (body: string) => `function fn(x = 1, ...rest) { return ${body}; }`,
  (body: string) => `const { fn } = new (class { own = 3; fn = (x) => ${body} + this.own * changed; })();`,
  (body: string) =>
    `const fn = async (x) => { let last = 0; for await (const n of (async function* () { yield x; yield ${body}; })()) last += n; return last; };`,
  (body: string) => `const fn = (function (_five, x) { return this.own + ${body}; }).bind({ own: start }, 5);`,
  (body: string) => `const { fn } = { fn(x) { return ${body}; } };`,
  (body: string) => `const fn = async function named(x) { return x < -50 ? named(x + 1) : ${body}; };`,
  (body: string) => `const fn = (x) => { class Local extends Box { get() { return super.get() + ${body}; } } return new Local(x).get(); };`,
);

test("a function that was sent returns what it returns at home", async (context) => {
  const seed = Number(process.env["SEED"] ?? Math.trunc(Math.random() * 1e9));
  context.diagnostic(`SEED=${seed}`);
  await fc.assert(
    fc.asyncProperty(expression, form, fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), async (body, write, x, start) => {
      const make = factory(write(body));
      assert.deepEqual(await there.run(make(start), x), await make(start)(x));
    }),
    { numRuns: 100, seed },
  );
});

/** Two calls of what this returns have nothing in common: what one changes, the other does not see. */
function factory(declaration: string): (start: number) => (x: number) => unknown {
  const program = `(start) => {
    const constant = start * 2, list = [start, 3], object = { deep: { n: start + 1 } };
    let changed = start;
    const step = () => ++changed;
    function inner(k) { return k <= 0 ? list[1] : inner(k - 1) + changed; }
    class Box { static count = 3; #hidden; constructor(value) { this.#hidden = value; } get() { return this.#hidden + constant; } }
    const pair = (() => { let n = start; return { up: () => ++n, see: () => n }; })();
    function* numbers(from, to) { for (let n = 0; n < (Math.abs(from - to) % 3); n++) yield (changed += n); }
    const self = new (class { base = start; scale = (k) => k * this.base + constant; })();
    ${declaration}
    return fn;
  }`;
  // oxlint-disable-next-line no-eval -- the property is about functions of every shape.
  return (0, eval)(program) as (start: number) => (x: number) => unknown;
}
