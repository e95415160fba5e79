/** Looks at an array once, to find the most compact form that loses nothing. */

/**
 * `"irregular"`: elements are missing, or there are properties that are not elements, such as the `index` of a match.
 * `"mixed"`: neither, and not all elements are numbers.
 */
export type ArrayForm = "int8s" | "int16s" | "int32s" | "float64s" | "mixed" | "irregular";

/** With fewer elements, saving their tags does not pay for the look. */
const leastPacked = 4;

/** `values` are the array's `Object.values`. */
export function formOf(array: readonly unknown[], values: readonly unknown[]): ArrayForm {
  // The language has no way to ask for properties that are not elements, except by listing everything. But there are none
  // when there are as many values as the array is long, and no element is missing.
  if (values.length !== array.length || hasHoles(array)) return "irregular";
  if (values.length < leastPacked || typeof values[0] !== "number") return "mixed";
  let min = 0;
  let max = 0;
  let areIntegers = true;
  for (const element of values) {
    if (typeof element !== "number") return "mixed";
    if ((element | 0) !== element || (element === 0 && 1 / element < 0)) areIntegers = false;
    else if (element < min) min = element;
    else if (element > max) max = element;
  }
  if (!areIntegers) return "float64s";
  if (min >= -0x80 && max <= 0x7f) return "int8s";
  return min >= -0x8000 && max <= 0x7fff ? "int16s" : "int32s";
}

function hasHoles(array: readonly unknown[]): boolean {
  for (let index = 0; index < array.length; index++) {
    if (array[index] === undefined && !Object.hasOwn(array, index)) return true;
  }
  return false;
}

export function isIndex(key: string): boolean {
  const index = Number(key);
  return Number.isInteger(index) && index >= 0 && index < 2 ** 32 - 1 && String(index) === key;
}
