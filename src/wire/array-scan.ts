/** Looks at an array once, to find the most compact form that loses nothing. */
import { inspect } from "node:util";

/** `"holey"`: some elements are missing. `"mixed"`: none is missing, and not all are numbers. */
export type ArrayForm = "int8s" | "int16s" | "int32s" | "float64s" | "mixed" | "holey";

/** With fewer elements, saving their tags does not pay for the look. */
const leastPacked = 4;

export function formOf(array: readonly unknown[]): ArrayForm {
  if (array.length < leastPacked || typeof array[0] !== "number") return hasHoles(array, 0) ? "holey" : "mixed";
  let min = 0;
  let max = 0;
  let areIntegers = true;
  for (let index = 0; index < array.length; index++) {
    const element = array[index];
    if (typeof element !== "number") return hasHoles(array, index) ? "holey" : "mixed";
    if ((element | 0) !== element || (element === 0 && 1 / element < 0)) areIntegers = false;
    else if (element < min) min = element;
    else if (element > max) max = element;
  }
  if (!areIntegers) return "float64s";
  if (min >= -0x80 && max <= 0x7f) return "int8s";
  return min >= -0x8000 && max <= 0x7fff ? "int16s" : "int32s";
}

function hasHoles(array: readonly unknown[], from: number): boolean {
  for (let index = from; index < array.length; index++) {
    if (array[index] === undefined && !Object.hasOwn(array, index)) return true;
  }
  return false;
}

/** Listing an array's keys costs some 6 ns an element; from here on, what `inspect` says of it is cheaper. */
const leastInspected = 400;

/**
 * Whether the array has enumerable properties that are not elements, such as the `index` of a match.
 * The language has no way to ask that without listing every element's key. `inspect` knows how: told to show no element, it
 * shows a fixed text unless there is something besides. Were that text ever to change, the slow way would be taken.
 */
export function hasProperties(array: readonly unknown[]): boolean {
  if (array.length >= leastInspected && inspect(array, bare) === `[ ... ${array.length} more items ]`) return false;
  const keys = Object.keys(array);
  const last = keys.at(-1);
  return last !== undefined && last !== String(array.length - 1) && !isIndex(last);
}

const bare = { maxArrayLength: 0, depth: 0, customInspect: false, showProxy: true } as const;

export function isIndex(key: string): boolean {
  const index = Number(key);
  return Number.isInteger(index) && index >= 0 && index < 2 ** 32 - 1 && String(index) === key;
}
