import { strict as assert } from "node:assert";
import { test } from "node:test";
import { EncodeError } from "#lib/errors.js";
import { createCodec } from "#lib/wire/codec.js";

const codec = createCodec({ extensions: [], loadModule: () => Promise.reject(new Error("no modules here")) });

class Socket {
  readonly fd = 3;
}

async function* streaming(): AsyncGenerator<number> {
  yield 1;
}

const revoked = Proxy.revocable({}, {});
revoked.revoke();
const detached = new ArrayBuffer(8);
structuredClone(detached, { transfer: [detached] });

const refusals: readonly [string, unknown, string, RegExp][] = [
  ["a symbol", { id: Symbol("s") }, "value.id", /Symbol\(s\)/],
  ["a function", [1, { run: function start() {} }], "value[1].run", /start is a function/],
  ["a promise in a map", new Map([["k", Promise.resolve()]]), 'value.get("k")', /await it/],
  ["an instance of a class", { items: [0, 0, 0, { socket: new Socket() }] }, "value.items[3].socket", /an instance of Socket/],
  ["an instance without a constructor", { a: Object.create({}) }, "value.a", /instance of/],
  ["a WeakMap", { "odd name": new WeakMap() }, 'value["odd name"]', /weak collection/],
  ["a SharedArrayBuffer", { memory: new Uint8Array(new SharedArrayBuffer(8)) }, "value.memory.buffer", /SharedArray/],
  ["a generator", [streaming()], "value[0]", /instance of|generator/],
  ["a member of a set", new Set([1, Symbol("x")]), "value.values()", /Symbol/],
  ["a key of a map", new Map([[Symbol("key"), 1]]), "value.keys()", /Symbol/],
  ["a revoked proxy", { a: revoked.proxy }, "value.a", /reading it failed/],
  ["a detached buffer", [detached], "value[0]", /reading it failed/],
  [
    "a property whose getter throws",
    {
      a: {
        get b() {
          throw new TypeError("secret");
        },
      },
    },
    "value.a.b",
    /reading it failed/,
  ],
  ["a date that is none", [Object.create(Date.prototype)], "value[0]", /reading it failed/],
  ["an element of an array with holes", Object.assign([], { 9: Symbol("nine") }), "value[9]", /Symbol/],
  ["a boxed symbol", [Object(Symbol("boxed"))], "value[0]", /instance of Symbol/],
];

for (const [what, value, path, message] of refusals) {
  test(`${what} is refused at the call, with its path`, () => {
    assert.throws(
      () => codec.encode(value, "value"),
      (error) => {
        assert.ok(error instanceof EncodeError);
        assert.equal(error.path, path);
        assert.ok(error.message.startsWith(`Cannot send ${path}: `));
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test("a refused value at the root is named as the caller names it", () => {
  assert.throws(() => codec.encode(Symbol("s"), "args"), { path: "args" });
});

test("the error of a getter is the cause of the refusal", () => {
  const cause = new TypeError("not now");
  const value = {
    get when() {
      throw cause;
    },
  };
  assert.throws(() => codec.encode(value, "value"), { cause });
});

test("a refusal far down in a deep value still has the way to it, shortened", () => {
  let value: unknown = { end: Symbol("s") };
  for (let level = 0; level < 5000; level++) value = { next: value };
  assert.throws(
    () => codec.encode(value, "value"),
    (error) => error instanceof EncodeError && /^value(\.next){12}…(\.next)+\.end$/.test(error.path) && error.path.length < 200,
  );
});

test("the codec is as good as new after a refusal", () => {
  assert.throws(() => codec.encode([{ a: 1 }, Buffer.alloc(50_000), Symbol("s")], "value"), EncodeError);
  const encoded = codec.encode([{ a: 1 }], "value");
  assert.equal(encoded.attachments.length, 0);
  assert.deepEqual(codec.decode(encoded), [{ a: 1 }]);
});

test("a large message that was refused does not keep its memory alive through the next one", () => {
  const rows = Array.from({ length: 20_000 }, (_, row) => ({ id: row, text: `row ${row}`.repeat(4), half: row / 3 }));
  assert.throws(() => codec.encode([rows, Symbol("s")], "value"), EncodeError);
  assert.ok(codec.encode([1], "value").body.buffer.byteLength <= 64 * 1024);
});

test("stack overflow in a getter is a refusal, not a crash", () => {
  const value = {
    get deep(): unknown {
      return this.deep;
    },
  };
  assert.throws(() => codec.encode(value, "value"), { path: "value.deep" });
});
