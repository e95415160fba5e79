/** Looks at an array once, to find the most compact form that loses nothing. */
import { inspect } from "node:util";

/**
 * `"irregular"`: elements are missing, or there are properties that are not elements, such as the `index` of a match.
 * `"mixed"`: neither, and not all elements are numbers.
 */
export type ArrayForm = "int8s" | "int16s" | "int32s" | "float64s" | "mixed" | "irregular";

/** With fewer elements, saving their tags does not pay for the look. */
const leastPacked = 4;

export function formOf(array: readonly unknown[]): ArrayForm {
  if (!isDense(array) || !hasLengthValues(array)) return "irregular";
  return array.length >= leastPacked && typeof array[0] === "number" ? numericForm(array) : "mixed";
}

function numericForm(array: readonly unknown[]): ArrayForm {
  let min = 0;
  let max = 0;
  for (let index = 0; index < array.length; index++) {
    const element = array[index];
    if (typeof element !== "number") return "mixed";
    if ((element | 0) !== element || (element === 0 && 1 / element < 0)) return areNumbers(array, index) ? "float64s" : "mixed";
    if (element < min) min = element;
    else if (element > max) max = element;
  }
  if (min >= -0x80 && max <= 0x7f) return "int8s";
  return min >= -0x8000 && max <= 0x7fff ? "int16s" : "int32s";
}

function areNumbers(array: readonly unknown[], from: number): boolean {
  for (let index = from; index < array.length; index++) {
    if (typeof array[index] !== "number") return false;
  }
  return true;
}

function isDense(array: readonly unknown[]): boolean {
  for (let index = 0; index < array.length; index++) {
    if (array[index] === undefined && !Object.hasOwn(array, index)) return false;
  }
  return true;
}

/**
 * Whether a dense array has no enumerable properties but its elements. The language has no way to ask that except by listing
 * everything, but `inspect` knows how: told to show no element, it shows a fixed text unless there is something besides.
 * Were that text ever to change, all arrays would be listed.
 */
function hasLengthValues(array: readonly unknown[]): boolean {
  if (array.length >= leastInspected && inspect(array, bare) === `[ ... ${array.length} more items ]`) return true;
  return Object.values(array).length === array.length;
}

/** Listing costs up to 7 ns an element; asking `inspect` some 500 ns. */
const leastInspected = 100;
const bare = { maxArrayLength: 0, depth: 0, customInspect: false, showProxy: true } as const;

export function isIndex(key: string): boolean {
  const index = Number(key);
  return Number.isInteger(index) && index >= 0 && index < 2 ** 32 - 1 && String(index) === key;
}
