/**
 * How many inputs to send to a worker at once. A chunk pays one trip for all its items, so quick items want large chunks;
 * but whoever shares a chunk with a slow item waits for it, so slow items want chunks of one. Sizes start at one and grow
 * only while items prove quick.
 */

/** What a finished chunk showed. */
export interface ChunkTiming {
  readonly items: number;
  /** Milliseconds the worker was busy with them. */
  readonly elapsed: number;
}

/** The next chunk's size: as many items as fit into `targetMs`, reached by steps of at most `maxGrowth`. */
export function nextChunkSize(current: number, timing: ChunkTiming): number {
  if (timing.items === 0) return current;
  const perItem = Math.max(timing.elapsed / timing.items, shortestItemMs);
  const fitting = Math.floor(targetMs / perItem);
  return Math.min(Math.max(fitting, 1), current * maxGrowth, maxItems);
}

/** Long against a trip to a worker (some 0.1 ms), short against what a person notices. */
const targetMs = 20;
/** One surprisingly slow item after a quick chunk shares its chunk with this many more, at most. */
const maxGrowth = 4;
const maxItems = 10_000;
/** Below the clock's resolution. */
const shortestItemMs = 1e-4;
