/** Compares two graphs of objects: the values, and which objects are one and the same. */
import { strict as assert } from "node:assert";
import { isDeepStrictEqual } from "node:util";

export function assertSameGraph(actual: unknown, expected: unknown): void {
  assert.ok(isDeepStrictEqual(actual, expected), "the values differ");
  const twins = new Map<object, object>();
  const pending: [unknown, unknown][] = [[actual, expected]];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [mine, theirs] = pair;
    if (typeof mine !== "object" || mine === null || typeof theirs !== "object" || theirs === null) continue;
    if (twins.has(theirs)) {
      assert.equal(twins.get(theirs), mine, "an object that is shared in one graph is not in the other");
      continue;
    }
    twins.set(theirs, mine);
    pending.push(...zip(partsOf(mine), partsOf(theirs)));
  }
  assert.equal(new Set(twins.values()).size, twins.size, "objects that differ in one graph are one in the other");
}

function partsOf(value: object): readonly unknown[] {
  const properties = ArrayBuffer.isView(value) ? [] : Object.values(value);
  if (value instanceof Map) return [...properties, ...[...value].flat()];
  if (value instanceof Set) return [...properties, ...value];
  if (value instanceof Error) return [...properties, value.cause];
  if (ArrayBuffer.isView(value) && !Buffer.isBuffer(value)) return [value.buffer];
  return properties;
}

function zip(some: readonly unknown[], others: readonly unknown[]): [unknown, unknown][] {
  assert.equal(some.length, others.length);
  return some.map((part, index) => [part, others[index]]);
}
