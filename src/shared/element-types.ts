/** The types of numbers that shared memory holds, and the values each of them takes. */

/** The JavaScript type of the values of each element type. */
export interface ElementTypes {
  int8: number;
  uint8: number;
  int16: number;
  uint16: number;
  int32: number;
  uint32: number;
  int64: bigint;
  uint64: bigint;
  float32: number;
  float64: number;
  bool: boolean;
}

/** The view over shared memory of each element type; a `bool` is a byte that is 0 or 1. */
export interface ElementViews {
  int8: Int8Array;
  uint8: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  float32: Float32Array;
  float64: Float64Array;
  bool: Uint8Array;
}

/** `"int32"`, `"float64"` and so on. */
export type ElementType = keyof ElementTypes;
/** The values of an element type: `bigint` for 64-bit integers, `boolean` for `bool`, `number` for the others. */
export type ElementOf<T extends ElementType> = ElementTypes[T];
export type ViewOf<T extends ElementType> = ElementViews[T];
/** What can be added to a value of the type: nothing to a `bool`. */
export type AddendOf<T extends ElementType> = Exclude<ElementTypes[T], boolean>;

export const elementSizeBytes: Readonly<Record<ElementType, number>> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  float32: 4,
  float64: 8,
  bool: 1,
};

export function isElementType(value: unknown): value is ElementType {
  return typeof value === "string" && Object.hasOwn(elementSizeBytes, value);
}

/** @throws TypeError unless `type` is the name of an element type. `what` is what it is for. */
export function checkElementType(type: unknown, what: string): asserts type is ElementType {
  if (isElementType(type)) return;
  throw new TypeError(`Cannot make ${what} of the type ${String(type)}: the types are ${Object.keys(elementSizeBytes).join(", ")}`);
}
