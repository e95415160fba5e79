/** Writes what plain objects, arrays, maps and sets contain. */
import { formOf, isIndex } from "./array-scan.js";
import type { GraphWriter } from "./graph.js";
import { FixedStep, KeyStep } from "./path.js";
import { maxShapeNames, tag } from "./tags.js";

/** The tag that stands for the container when its contents are put off. */
export type ContainerTag = typeof tag.object | typeof tag.nullObject | typeof tag.array | typeof tag.map | typeof tag.set;

export function encodeContents(graph: GraphWriter, value: object, container: ContainerTag): void {
  switch (container) {
    case tag.object:
      return encodeRecord(graph, value);
    case tag.array:
      return encodeArray(graph, value as readonly unknown[]);
    case tag.map:
      return encodeMap(graph, value as ReadonlyMap<unknown, unknown>);
    case tag.set:
      return encodeSet(graph, value as ReadonlySet<unknown>);
    case tag.nullObject:
      graph.out.byte(tag.nullObject);
      return encodeProperties(graph, value, Object.keys(value));
  }
}

function encodeRecord(graph: GraphWriter, value: object): void {
  const { out, shapes } = graph;
  const names = Object.keys(value);
  const shapeId = shapes.find(names);
  if (shapeId !== undefined) {
    out.byte(tag.record);
    out.varint(shapeId);
  } else if (names.length > maxShapeNames) {
    out.byte(tag.object);
    return encodeProperties(graph, value, names);
  } else {
    shapes.add(names);
    out.byte(tag.shape);
    out.varint(names.length);
    for (const name of names) graph.string(name);
  }
  for (const name of names) graph.property(value, name);
}

function encodeProperties(graph: GraphWriter, value: object, names: readonly string[]): void {
  graph.out.varint(names.length);
  for (const name of names) {
    graph.string(name);
    graph.property(value, name);
  }
}

function encodeArray(graph: GraphWriter, array: readonly unknown[]): void {
  const form = formOf(array);
  switch (form) {
    case "irregular":
      return encodeIrregular(graph, array);
    case "mixed":
      return encodeMixed(graph, array);
    default:
      graph.out.byte(tag[form]);
      graph.out.varint(array.length);
      return graph.out[form](array as readonly number[]);
  }
}

function encodeMixed(graph: GraphWriter, array: readonly unknown[]): void {
  const { length } = array;
  graph.out.byte(tag.array);
  graph.out.varint(length);
  for (let index = 0; index < length; index++) graph.value(array[index], index);
}

function encodeIrregular(graph: GraphWriter, array: readonly unknown[]): void {
  const { out } = graph;
  const keys = Object.keys(array);
  const indices = keys.filter(isIndex);
  const hasNames = indices.length < keys.length;
  if (hasNames) out.byte(tag.properties);
  out.byte(tag.sparse);
  out.varint(array.length);
  out.varint(indices.length);
  for (const key of indices) {
    const index = Number(key);
    out.varint(index);
    graph.property(array, index);
  }
  if (hasNames) encodeProperties(graph, array, keys.slice(indices.length));
}

/** Listed before the first entry is encoded: a getter in it may change the map. */
function encodeMap(graph: GraphWriter, map: ReadonlyMap<unknown, unknown>): void {
  graph.out.byte(tag.map);
  for (const [key, value] of [...Map.prototype.entries.call(map)]) {
    graph.value(key, aKey);
    graph.value(value, new KeyStep(key));
  }
  graph.out.byte(tag.end);
}

function encodeSet(graph: GraphWriter, set: ReadonlySet<unknown>): void {
  graph.out.byte(tag.set);
  for (const member of [...Set.prototype.values.call(set)]) graph.value(member, aMember);
  graph.out.byte(tag.end);
}

const aKey = new FixedStep(".keys()");
const aMember = new FixedStep(".values()");
