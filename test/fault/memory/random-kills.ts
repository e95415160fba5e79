/** What the suites share that kill at marked instructions. `ROUNDS` and `SEED` in the environment say how often, and which ones. */
import { readdirSync, readFileSync } from "node:fs";

/** Printed by every suite, so that what failed can be had again. */
export const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

/** How many random kills there are to be; `usual` where nothing else is said. */
export function roundsOr(usual: number): number {
  return Number(process.env["ROUNDS"] ?? usual);
}

/** The names of all marked instructions in some of the library's sources, or whole folders (`queue/`) of them. @throws where there are none. */
export function findPoints(places: readonly string[]): string[] {
  const sources = new URL("../../../../src/", import.meta.url);
  const files = places.flatMap((place) =>
    place.endsWith("/")
      ? readdirSync(new URL(place, sources))
          .filter((name) => name.endsWith(".ts"))
          .map((name) => place + name)
      : [place],
  );
  const texts = files.map((file) => readFileSync(new URL(file, sources), "utf8"));
  const points = texts.flatMap((text) => [...text.matchAll(/killPoint\("([^"]+)"\)/g)].map(([, point]) => point ?? ""));
  if (points.length === 0) throw new Error(`no instruction is marked in ${places.join()}`);
  return [...new Set(points)].sort();
}

/** A small seeded generator (mulberry32) of numbers from 0 to below 1, and of choices. */
export class Random {
  #state: number;

  constructor(from: number) {
    this.#state = from;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error("there is nothing to pick from");
    return list[this.below(list.length)] as T;
  }
}
