/** Reads what plain objects, arrays, maps and sets contain into objects that exist already. */
import { DecodeError } from "../errors.js";
import type { GraphReader } from "./graph.js";
import { RecordShape, setProperty } from "./record-shape.js";
import { maxShapeNames, tag } from "./tags.js";

/** The empty container for a tag; `undefined` when the tag is not a container's. */
export function newContainer(head: number): object | undefined {
  switch (head) {
    case tag.shape:
    case tag.record:
    case tag.object:
      return {};
    case tag.array:
    case tag.sparse:
    case tag.int8s:
    case tag.int16s:
    case tag.int32s:
    case tag.float64s:
    case tag.properties:
      return [];
    case tag.map:
      return new Map();
    case tag.set:
      return new Set();
    case tag.nullObject:
      return Object.create(null) as object;
    default:
      return undefined;
  }
}

/** `head` is the tag the contents start with; it must fit the container. */
export function decodeContents(graph: GraphReader, head: number, container: object): void {
  if (Array.isArray(container)) decodeArray(graph, head, container);
  else if (container instanceof Map && head === tag.map) decodeMap(graph, container);
  else if (container instanceof Set && head === tag.set) decodeSet(graph, container);
  else decodeObject(graph, head, container);
}

function decodeObject(graph: GraphReader, head: number, object: object): void {
  switch (head) {
    case tag.shape:
      return readShape(graph).fill(object, graph);
    case tag.record:
      return knownShape(graph).fill(object, graph);
    case tag.object:
    case tag.nullObject:
      return decodeProperties(graph, object);
    default:
      throw new DecodeError("Cannot decode a message: a container has the contents of another kind");
  }
}

/** The names of a new shape. */
function readShape(graph: GraphReader): RecordShape {
  const count = graph.in.count(1);
  if (count > maxShapeNames) throw new DecodeError("Cannot decode a message: a shape in it is too large");
  const names: string[] = [];
  while (names.length < count) names.push(graph.string());
  const shape = new RecordShape(names);
  graph.shapes.push(shape);
  return shape;
}

/** A shape that came before. */
export function knownShape(graph: GraphReader): RecordShape {
  const shape = graph.shapes[graph.in.varint()];
  if (shape === undefined) throw new DecodeError("Cannot decode a message: it refers to a shape that is not there");
  return shape;
}

function decodeProperties(graph: GraphReader, object: object): void {
  for (let left = graph.in.count(2); left > 0; left--) setProperty(object, graph.string(), graph.value());
}

function decodeArray(graph: GraphReader, head: number, array: unknown[]): void {
  switch (head) {
    case tag.array:
      return decodeElements(graph, array);
    case tag.sparse:
      return decodeSparse(graph, array);
    case tag.int8s:
      return graph.in.int8s(array as number[], graph.in.varint());
    case tag.int16s:
      return graph.in.int16s(array as number[], graph.in.varint());
    case tag.int32s:
      return graph.in.int32s(array as number[], graph.in.varint());
    case tag.float64s:
      return graph.in.float64s(array as number[], graph.in.varint());
    case tag.properties:
      return decodeArrayWithProperties(graph, array);
    default:
      throw new DecodeError("Cannot decode a message: a container has the contents of another kind");
  }
}

function decodeElements(graph: GraphReader, array: unknown[]): void {
  const length = graph.in.count(1);
  for (let index = 0; index < length; index++) array.push(graph.value());
}

function decodeArrayWithProperties(graph: GraphReader, array: unknown[]): void {
  const head = graph.in.byte();
  if (head === tag.properties) throw new DecodeError("Cannot decode a message: an array in it has properties twice");
  decodeArray(graph, head, array);
  decodeProperties(graph, array);
}

const maxArrayLength = 2 ** 32 - 1;

function decodeSparse(graph: GraphReader, array: unknown[]): void {
  const length = graph.in.varint();
  const count = graph.in.count(2);
  if (length > maxArrayLength) throw new DecodeError("Cannot decode a message: an array in it is too long");
  // A length that the elements do not account for must not cost memory. V8 keeps an array whose length jumps this far as a
  // table of its elements, and goes on to when the length shrinks again.
  if (length > 64 && length > 4 * count) array.length = maxArrayLength;
  array.length = length;
  for (let left = count; left > 0; left--) {
    const index = graph.in.varint();
    if (index >= length) throw new DecodeError("Cannot decode a message: an array in it has an element beyond its end");
    array[index] = graph.value();
  }
}

function decodeMap(graph: GraphReader, map: Map<unknown, unknown>): void {
  while (!graph.in.skip(tag.end)) {
    const key = graph.value();
    map.set(key, graph.value());
  }
}

function decodeSet(graph: GraphReader, set: Set<unknown>): void {
  while (!graph.in.skip(tag.end)) set.add(graph.value());
}
