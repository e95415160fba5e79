/** Which blocks somebody can still reach: from those that are held, by the consignments that are on their way (consignment.ts). */
import { keyOf, type Location } from "./location.js";

/** A consignment, as it is found. */
export interface Found {
  readonly location: Location;
  readonly listed: readonly Location[];
  /** Somebody has it who is there: a thread, or the host it is sent to. */
  readonly isHeld: boolean;
  /** What carries it, if that has its message. */
  readonly carrier: Location | undefined;
}

/**
 * The keys of what can be reached by `consignments`. `isHeld`: whether any thread holds a block. What carries a consignment counts
 * when it is held, or can itself be reached: so queues that are in one another, and in nothing else, go.
 */
export function reachable(consignments: readonly Found[], isHeld: (location: Location) => boolean): ReadonlySet<string> {
  const reached = new Set<string>();
  let waiting = consignments;
  for (let before = -1; before !== waiting.length;) {
    before = waiting.length;
    waiting = waiting.filter((found) => {
      const { location, listed, carrier } = found;
      const isReached = found.isHeld || reached.has(keyOf(location));
      if (!isReached && (carrier === undefined || !(isHeld(carrier) || reached.has(keyOf(carrier))))) return true;
      reached.add(keyOf(location));
      for (const block of listed) reached.add(keyOf(block));
      return false;
    });
  }
  return reached;
}
