/**
 * How many mappings of memory this process may still make. The kernel has a limit, and where it is reached, not only the next mapping
 * fails: so does the engine's next heap page, which ends the program. So it is asked before, and something is left to the engine.
 */
import { readFileSync } from "node:fs";

/** Left to the engine and its threads: of 65,530 by default. */
const leftBehind = 8192;
/** As many as a thread makes between two looks, of two mappings each: so many that 16 threads do not use up what is left behind. */
const between = 256;

let unchecked = 0;
let limit: number | undefined;

/** To be called before a mapping is made: whether there may be one more. */
export function mayMap(): boolean {
  unchecked += 1;
  if (unchecked < between) return true;
  if (countMappings() >= (limit ??= readLimit()) - leftBehind) return false;
  unchecked = 0;
  return true;
}

function countMappings(): number {
  try {
    return readFileSync("/proc/self/maps", "latin1").split("\n").length;
  } catch {
    return 0;
  }
}

function readLimit(): number {
  try {
    return Number(readFileSync("/proc/sys/vm/max_map_count", "latin1"));
  } catch {
    return Infinity;
  }
}
