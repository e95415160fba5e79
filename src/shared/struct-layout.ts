/** Where the fields of a struct are: in order, each at a multiple of its size, as C lays them out. */
import { checkElementType, elementSizeBytes, type ElementType } from "./element-types.js";

export interface StructField {
  readonly name: string;
  readonly type: ElementType;
  readonly byteOffset: number;
}

export interface StructLayout {
  readonly fields: readonly StructField[];
  /** A multiple of the largest field's size, as C's `sizeof`. */
  readonly sizeBytes: number;
}

/** @throws TypeError when the schema is none, has no fields, or a field of an unknown type or with a name `isReserved` has. */
export function layoutOf(schema: unknown, isReserved: (name: string) => boolean): StructLayout {
  if (typeof schema !== "object" || schema === null)
    throw new TypeError("Cannot make a shared struct: it needs its fields, { name: type }");
  const fields: StructField[] = [];
  let end = 0;
  let largest = 1;
  for (const [name, type] of Object.entries(schema)) {
    checkElementType(type, `the field ${name}`);
    if (isReserved(name))
      throw new TypeError(`Cannot make a shared struct with a field "${name}": every struct has something of that name`);
    const byteOffset = roundUp(end, elementSizeBytes[type]);
    fields.push({ name, type, byteOffset });
    end = byteOffset + elementSizeBytes[type];
    largest = Math.max(largest, elementSizeBytes[type]);
  }
  if (fields.length === 0) throw new TypeError("Cannot make a shared struct without fields");
  return { fields, sizeBytes: roundUp(end, largest) };
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
