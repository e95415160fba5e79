/** Generates graphs that `structuredClone` can clone: trees of every kind of value, then edges that share and close cycles. */
import fc from "fast-check";

const bytes = fc.uint8Array({ maxLength: 40 });

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    false,
    -0,
    0,
    NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    -1,
    127,
    128,
    -129,
    32768,
    2 ** 31,
    -(2 ** 31),
  ),
  fc.integer(),
  fc.double(),
  fc.bigInt(),
  fc.string({ unit: "binary", maxLength: 90 }),
  fc.string({ maxLength: 90 }),
  fc.array(fc.integer({ min: 0xd700, max: 0xe000 }), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(/a+b/gi, /[\u{1F600}-\u{1F64F}]/u, /x/dmsy).map((pattern) => new RegExp(pattern)),
  fc.constantFrom<unknown>(5, "text", true, -0, 10n ** 30n).map((value) => Object(value) as unknown),
  fc.array(fc.integer({ min: -200, max: 200 }), { maxLength: 20 }),
  fc.array(fc.integer(), { maxLength: 20 }),
  fc.array(fc.oneof(fc.double(), fc.constantFrom(-0, NaN)), { maxLength: 20 }),
  bytes.map((view) => view.buffer),
  bytes.map((view) => view.subarray(Math.min(1, view.length))),
  bytes.map((view) => new DataView(view.buffer, 0, Math.floor(view.length / 2))),
  fc.float32Array({ maxLength: 10 }),
  fc.float64Array({ maxLength: 10 }),
  fc.int16Array({ maxLength: 10 }),
  fc.bigInt64Array({ maxLength: 10 }),
  bytes.map((view) => [new Uint8Array(view.buffer), new Int8Array(view.buffer)]),
);

const key = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("__proto__", "constructor", "toString", "0", "7", "länge", "名"));

const tree = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    leaf,
    fc.array(tie("node"), { maxLength: 6 }),
    fc.dictionary(key, tie("node"), { maxKeys: 6, noNullPrototype: true }),
    fc.array(fc.tuple(tie("node"), tie("node")), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie("node"), { maxLength: 4 }).map((members) => new Set(members)),
    fc.tuple(fc.nat(30), tie("node"), fc.boolean()).map(([index, value, named]) => holey(index, value, named)),
    fc
      .tuple(fc.constantFrom(Error, TypeError, RangeError), fc.string(), tie("node"))
      .map(([Kind, text, cause]) => new Kind(text, { cause })),
  ),
})).node;

function holey(index: number, value: unknown, named: boolean): unknown[] {
  const array: unknown[] = [1];
  array[index] = value;
  array.length += index % 3;
  return named ? Object.assign(array, { name: value }) : array;
}

/** Pairs of numbers that pick objects: the first one gets a property that refers to the second one. */
const edges = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 5 });

export const arbitraryGraph: fc.Arbitrary<unknown> = fc.tuple(tree, edges).map(([root, links]) => {
  const containers = containersIn(root);
  if (containers.length === 0) return root;
  links.forEach(([from, to], link) => connect(containers[from % containers.length], containers[to % containers.length], link));
  return root;
});

function connect(from: unknown, to: unknown, link: number): void {
  if (from instanceof Map) from.set(to, to);
  else if (from instanceof Set) from.add(to);
  else if (Array.isArray(from)) from.push(to);
  else Object.assign(from as object, { [`link${link}`]: to });
}

function containersIn(root: unknown): unknown[] {
  const found = new Set<unknown>();
  const pending = [root];
  for (let value = pending.pop(); value !== undefined || pending.length > 0; value = pending.pop()) {
    if (typeof value !== "object" || value === null || found.has(value)) continue;
    const isContainer =
      Array.isArray(value) || value instanceof Map || value instanceof Set || Object.getPrototypeOf(value) === Object.prototype;
    if (!isContainer) continue;
    found.add(value);
    pending.push(...(value instanceof Map ? [...value].flat() : value instanceof Set ? value : Object.values(value)));
  }
  return [...found];
}
