import { strict as assert } from "node:assert";
import { test } from "node:test";
import { DecodeError, NotShippableError } from "#lib/errors.js";
import { createCodec } from "#lib/wire/codec.js";
import type { CodecExtension } from "#lib/wire/extension.js";

const noModules = () => Promise.reject(new Error("no modules here"));

class Point {
  readonly tags: unknown[];
  x: number;

  constructor(x: number, tags: unknown[] = []) {
    this.x = x;
    this.tags = tags;
  }
}

const points: CodecExtension = {
  name: "point",
  dismantle: (value) => (value instanceof Point ? { header: { x: [value.x] }, children: value.tags } : undefined),
  assemble(header) {
    const point = new Point((header as { x: [number] }).x[0]);
    return { value: point, fill: (children) => void point.tags.push(...children) };
  },
};

test("an extension's value arrives with its children, which may refer back to it", () => {
  const codec = createCodec({ extensions: [points], loadModule: noModules });
  const point = new Point(5);
  point.tags.push(point, { point }, new Point(6));
  const [arrived, again] = codec.decode(codec.encode([point, point], "value")) as [Point, Point];
  assert.ok(arrived instanceof Point && arrived === again);
  assert.deepEqual([arrived.x, arrived.tags[0] === arrived, (arrived.tags[1] as { point: Point }).point === arrived], [5, true, true]);
  assert.equal((arrived.tags[2] as Point).x, 6);
});

test("a chain of extension values of any length arrives", () => {
  const codec = createCodec({ extensions: [points], loadModule: noModules });
  let point = new Point(0);
  for (let level = 1; level <= 20_000; level++) point = new Point(level, [point]);
  let arrived = codec.decode(codec.encode(point, "value")) as Point;
  for (let level = 20_000; level > 0; level--) {
    assert.equal(arrived.x, level);
    arrived = arrived.tags[0] as Point;
  }
});

test("a header that refers to its own value is refused, and headers nested too deeply are", () => {
  const codec = createCodec({
    extensions: [
      {
        name: "box",
        dismantle: (value) => ({ header: Reflect.get(value, "held"), children: [] }),
        assemble: () => ({ value: {}, fill: () => {} }),
      },
    ],
    loadModule: noModules,
  });
  class Box {
    held: unknown;
  }
  const self = new Box();
  self.held = { deep: [self] };
  assert.throws(() => codec.encode([self], "value"), { name: "EncodeError", path: "value[0].deep[0]" });
  let nested: unknown = 1;
  for (let level = 0; level < 5000; level++) nested = Object.assign(new Box(), { held: nested });
  assert.throws(() => codec.encode(nested, "value"), /nested too deeply/);
});

test("extensions see functions, unknown classes and module namespaces, with their path, and may refuse", async () => {
  const seen: [string, string][] = [];
  const spy: CodecExtension = {
    name: "spy",
    dismantle(value, context) {
      seen.push([typeof value, context.path()]);
      return value instanceof Point ? undefined : { header: null, children: [] };
    },
    assemble: () => ({ value: {}, fill: () => {} }),
  };
  const refuser: CodecExtension = {
    name: "refuser",
    dismantle: () => {
      throw new NotShippableError("no points", ["p"]);
    },
    assemble: () => ({ value: {}, fill: () => {} }),
  };
  const codec = createCodec({ extensions: [spy, refuser], loadModule: noModules });
  assert.throws(() => codec.encode({ f: () => {}, module: await0, p: [new Point(1)] }, "args"), NotShippableError);
  assert.deepEqual(seen, [
    ["function", "args.f"],
    ["object", "args.module"],
    ["object", "args.p[0]"],
  ]);
});

const await0 = await import("node:path");

test("a message that needs modules is prepared by importing each once, and not without", async () => {
  const imports: string[] = [];
  const request = { specifier: "./photös.js", parent: "file:///x/y.js" };
  const other = { specifier: "node:path", parent: undefined };
  const user: CodecExtension = {
    name: "user",
    dismantle(_value, context) {
      for (const needed of [request, other, request]) context.require(needed);
      return { header: 1, children: [] };
    },
    assemble: (_header, context) => ({ value: [context.module(request), context.module(other)], fill: () => {} }),
  };
  const loadModule = async ({ specifier }: { specifier: string }) => ({ loaded: imports.push(specifier) });
  const sender = createCodec({ extensions: [user], loadModule: noModules });
  const receiver = createCodec({ extensions: [user], loadModule });
  const encoded = sender.encode({ a: () => {}, b: () => {} }, "value");
  assert.throws(() => receiver.decode(encoded), DecodeError);
  await receiver.prepare(encoded);
  assert.deepEqual(imports.toSorted(), ["./photös.js", "node:path"]);
  const { a, b } = receiver.decode(encoded) as { a: unknown[]; b: unknown[] };
  assert.equal(a[0], b[0]);
  assert.equal(receiver.prepare(encoded), undefined, "nothing is left to wait for");
  assert.equal(receiver.prepare(sender.encode({ plain: true }, "value")), undefined);
});

test("a module that cannot be imported rejects prepare with the import's error", async () => {
  const needy: CodecExtension = {
    name: "needy",
    dismantle: (_value, context) => (context.require({ specifier: "gone", parent: undefined }), { header: 1, children: [] }),
    assemble: () => ({ value: {}, fill: () => {} }),
  };
  const failure = new Error("cannot find gone");
  const codec = createCodec({ extensions: [needy], loadModule: () => Promise.reject(failure) });
  await assert.rejects(
    async () => codec.prepare(codec.encode(() => {}, "value")),
    (error) => error === failure,
  );
});

test("a name no extension answers to is a DecodeError", () => {
  const sender = createCodec({ extensions: [points], loadModule: noModules });
  const receiver = createCodec({ extensions: [], loadModule: noModules });
  assert.throws(() => receiver.decode(sender.encode(new Point(1), "value")), { name: "DecodeError", message: /"point"/ });
});
