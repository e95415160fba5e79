import { strict as assert } from "node:assert";
import { runInNewContext } from "node:vm";
import { test } from "node:test";
import { createCodec } from "#lib/wire/codec.js";
import { assertSameGraph } from "./same-graph.js";

const codec = createCodec({ extensions: [], loadModule: () => Promise.reject(new Error("no modules here")) });

function cross<Value>(value: Value): Value {
  return codec.decode(codec.encode(value, "value")) as Value;
}

test("numbers arrive exactly, at every border between their encodings", () => {
  const borders = [
    0,
    1,
    63,
    64,
    127,
    128,
    255,
    256,
    32767,
    32768,
    65535,
    65536,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32,
    2 ** 53 - 1,
    0.1,
    Number.MIN_VALUE,
    Number.MAX_VALUE,
  ];
  for (const number of [...borders, ...borders.map((border) => -border), NaN, Infinity]) {
    assert.ok(Object.is(cross(number), number), String(number));
  }
});

test("a packed array of numbers arrives exactly, -0 and NaN included", () => {
  const arrays = [
    [1, 2, 3, 4, 5],
    [-129, 3, 3, 3],
    [1, 2, 3, 70000],
    [1, 2, 3, 2 ** 31],
    [0, -0, 0, 0],
    [NaN, 1, 2, 3],
    [1, 2, 3, 4, "x"],
    [1, 2, 3, undefined, 5],
  ];
  for (const array of arrays) {
    assert.deepStrictEqual(cross(array), array);
    assert.ok(array.every((element, index) => Object.is(cross(array)[index], element)));
  }
});

test("strings of every length and alphabet arrive exactly", () => {
  for (const unit of ["a", "é", "ÿ", "Ā", "名", "😀", "\ud800", "\0"]) {
    for (const length of [0, 1, 12, 13, 24, 25, 63, 64, 65, 1000, 9000, 40_000]) {
      const text = unit.repeat(length);
      assert.equal(cross(text), text);
      assert.equal(cross(`${text}x`), `${text}x`);
    }
  }
});

test("bigints of any size arrive exactly", () => {
  for (const number of [0n, 1n, -1n, 2n ** 64n, -(2n ** 64n), 7n ** 4000n, -(3n ** 20_000n)]) assert.equal(cross(number), number);
});

test("a hole stays a hole, and undefined stays undefined", () => {
  // oxlint-disable-next-line no-sparse-arrays
  const array = cross([1, , undefined, 4]);
  assert.deepEqual([0 in array, 1 in array, 2 in array, 3 in array, array.length], [true, false, true, true, 4]);
});

test("an array that is almost empty costs neither time nor space", () => {
  const array: string[] = [];
  array[4_000_000_000] = "far";
  const encoded = codec.encode(array, "value");
  assert.ok(encoded.body.length < 100);
  const arrived = codec.decode(encoded) as string[];
  assert.deepEqual([arrived.length, Object.keys(arrived), arrived.at(-1)], [4_000_000_001, ["4000000000"], "far"]);
});

test("an array keeps the properties that are not elements, whatever its length", () => {
  const match = /(b)(?<name>c)/.exec("abc");
  assert.ok(match);
  const arrived = cross(match);
  assert.deepStrictEqual([...arrived], ["bc", "b", "c"]);
  assert.deepStrictEqual([arrived.index, arrived.input, { ...arrived.groups }], [1, "abc", { name: "c" }]);
  for (const length of [0, 1, 399, 400, 5000]) {
    const array = Object.assign(
      Array.from({ length }, (_, index) => index),
      { "01": "not an index", extra: [1] },
    );
    assertSameGraph(cross(array), structuredClone(array));
  }
});

test("a Buffer arrives as a Buffer that holds its own bytes alone", () => {
  for (const buffer of [Buffer.from("text"), Buffer.alloc(0), Buffer.alloc(100_000, 7), Buffer.alloc(100_000, 8).subarray(10, 50_000)]) {
    const arrived = cross(buffer);
    assert.ok(Buffer.isBuffer(arrived));
    assert.ok(arrived.equals(buffer));
  }
  assert.ok(codec.encode(Buffer.from("ab"), "value").body.length < 10, "the rest of the pool does not travel");
});

test("views over one buffer still share it, with their offsets", () => {
  const buffer = new ArrayBuffer(40_000);
  const value = { floats: new Float64Array(buffer, 8, 2), bytes: new Uint8Array(buffer), view: new DataView(buffer, 3, 9), buffer };
  const arrived = cross(value);
  arrived.bytes[8 + 7] = 0x40;
  assert.equal(arrived.floats[0], 2);
  assert.equal(arrived.view.buffer, arrived.buffer);
  assert.deepEqual([arrived.view.byteOffset, arrived.view.byteLength], [3, 9]);
  assert.equal(value.floats[0], 0, "the original is another one");
});

test("large binary parts travel beside the body and are taken over without a copy", () => {
  const value = { pixels: new Uint8Array(1 << 20).fill(9), text: "é".repeat(1 << 20) };
  const encoded = codec.encode(value, "value");
  assert.ok(encoded.body.length < 200);
  assert.equal(encoded.attachments.length, 2);
  value.pixels[0] = 1;
  const arrived = codec.decode(encoded) as typeof value;
  assert.equal(arrived.pixels.buffer, encoded.attachments[0]?.buffer);
  assert.equal(arrived.pixels[0], 9);
  assert.equal(arrived.text, value.text);
});

test("a part that does not own its memory is copied", () => {
  const { body, attachments } = codec.encode(new Uint8Array(100_000).fill(3), "value");
  const pool = new Uint8Array(200_000);
  const parts = attachments.map((part) => (pool.set(part, 50), pool.subarray(50, 50 + part.length)));
  const arrived = codec.decode({ body, attachments: parts }) as Uint8Array;
  pool.fill(0);
  assert.equal(arrived.length, 100_000);
  assert.ok(arrived.every((byte) => byte === 3));
});

test("memory for the parts beside the body comes from allocate", () => {
  const parts: Uint8Array[] = [];
  const allocate = (sizeBytes: number) => parts[parts.push(new Uint8Array(sizeBytes)) - 1] ?? new Uint8Array(0);
  const { attachments } = codec.encode([Buffer.alloc(1 << 16, 1), "x".repeat(1 << 16)], "value", allocate);
  assert.deepEqual(attachments, parts);
  assert.deepEqual(
    parts.map((part) => part.length),
    [1 << 16, 1 << 16],
  );
});

test("a resizable buffer stays resizable, and a view that follows its end still does", () => {
  const buffer: ArrayBuffer = Reflect.construct(ArrayBuffer, [8, { maxByteLength: 32 }]);
  const arrived = cross({ bytes: new Uint8Array(buffer), part: new Uint8Array(buffer, 2, 3) });
  Reflect.apply(Reflect.get(arrived.bytes.buffer, "resize") as (size: number) => void, arrived.bytes.buffer, [16]);
  assert.deepEqual([arrived.bytes.length, arrived.part.length], [16, 3]);
});

test("URLs and their parameters arrive as what they are", () => {
  const arrived = cross({ url: new URL("https://user@example.org/a?b=c#d"), parameters: new URLSearchParams("a=1&a=2&b=%20") });
  assert.equal(arrived.url.href, "https://user@example.org/a?b=c#d");
  assert.ok(arrived.url instanceof URL && arrived.parameters instanceof URLSearchParams);
  assert.deepEqual(
    [...arrived.parameters],
    [
      ["a", "1"],
      ["a", "2"],
      ["b", " "],
    ],
  );
});

test("__proto__ as a name is a property and nothing else", () => {
  for (const value of [JSON.parse('{"__proto__":{"polluted":1},"b":2}'), Object.assign(Object.create(null), { ["__proto__"]: 1 })]) {
    const arrived = cross(value);
    assert.ok(Object.hasOwn(arrived, "__proto__"));
    assert.equal(Object.getPrototypeOf(arrived), Object.getPrototypeOf(value));
    assert.deepEqual(Object.keys(arrived), Object.keys(value));
  }
});

test("getters are read, and symbols and hidden properties stay behind", () => {
  const value = Object.defineProperty(
    {
      get now() {
        return 5;
      },
      [Symbol("s")]: 1,
    },
    "hidden",
    { value: 1 },
  );
  assert.deepStrictEqual(cross(value), { now: 5 });
});

test("objects of another realm arrive as this realm's", () => {
  const value: unknown = runInNewContext(
    "({ map: new Map([[1, new Set([2])]]), date: new Date(5), list: [1, 'x'], bytes: new Uint8Array([1, 2]), error: new RangeError('far') })",
  );
  const arrived = cross(value) as { map: unknown; date: unknown; list: unknown; bytes: unknown; error: unknown };
  assert.deepStrictEqual(
    [arrived.map, arrived.date, arrived.list, arrived.bytes],
    [new Map([[1, new Set([2])]]), new Date(5), [1, "x"], new Uint8Array([1, 2])],
  );
  assert.ok(arrived.error instanceof RangeError);
});

test("nesting of a hundred thousand levels arrives, from lists, maps and sets alike", () => {
  const wrap: ((inner: unknown) => unknown)[] = [
    (inner) => ({ inner }),
    (inner) => [inner],
    (inner) => new Map([["inner", inner]]),
    (inner) => new Set([inner]),
  ];
  for (const layer of wrap) {
    let value: unknown = "core";
    for (let level = 0; level < 100_000; level++) value = layer(value);
    let arrived = cross(value);
    for (let level = 0; level < 100_000; level++) arrived = unwrap(arrived);
    assert.equal(arrived, "core");
  }
});

function unwrap(layer: unknown): unknown {
  if (layer instanceof Map) return layer.get("inner");
  if (layer instanceof Set) return [...layer][0];
  return Array.isArray(layer) ? layer[0] : (layer as { inner: unknown }).inner;
}

test("a map and a set that change while they are read are sent as they were", () => {
  const map = new Map<string, unknown>();
  map.set("first", {
    get grow() {
      map.set(`more${map.size}`, 1);
      return 1;
    },
  });
  assert.equal(cross(map).size, 1);
});

test("what is changed after the call arrives as it was", () => {
  const value = { list: [1, 2, 3, 4], bytes: new Uint8Array(50_000), map: new Map([["a", 1]]) };
  const encoded = codec.encode(value, "value");
  value.list.push(5);
  value.bytes.fill(1);
  value.map.clear();
  const arrived = codec.decode(encoded) as typeof value;
  assert.deepEqual([arrived.list.length, arrived.bytes[7], arrived.map.size], [4, 0, 1]);
});

test("encode works from inside a getter that another encode reads", () => {
  const value = {
    a: [1],
    get inner() {
      return cross({ deep: [2] });
    },
    b: [3],
  };
  assert.deepStrictEqual(cross(value), { a: [1], inner: { deep: [2] }, b: [3] });
});

test("the rows of a long table arrive exactly, before and after their shape has code of its own", () => {
  const names = ["id", "名 'quoted\"", "7", "constructor", "\ud800", "a\u2028b", "${x}`"];
  const table: Record<string, unknown>[] = Array.from({ length: 500 }, (_, row) =>
    Object.fromEntries(names.map((name, column) => [name, row * column])),
  );
  for (const row of table) row["7"] = row;
  for (const arrived of [cross(table), cross(table)]) assertSameGraph(arrived, table);
});

test("rows with a property named __proto__ keep it, however many there are", () => {
  const table = Array.from({ length: 500 }, (_, row) => JSON.parse(`{"__proto__":{"polluted":${row}},"a":1}`) as object);
  const arrived = cross(table);
  assert.ok(arrived.every((row) => Object.hasOwn(row, "__proto__") && Object.getPrototypeOf(row) === Object.prototype));
  assert.deepStrictEqual(Object.entries(arrived[499] ?? {}), Object.entries(table[499] ?? {}));
});
