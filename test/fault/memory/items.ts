import { Lock } from "manyhands";

/** What travels: locks, and some bytes so that it takes every way there is. */
export interface Item {
  readonly number: number;
  readonly locks: readonly Lock[];
  readonly filling: Uint8Array;
}

export function makeItem(number: number): Item {
  // With what is of one size each: the largest are in files, the next have parts of their own, and all fit a pipe together.
  const sizeBytes = number % 10 === 3 ? 40_000 : number % 30 === 7 ? 17_000 : 10;
  return { number, locks: [new Lock()], filling: new Uint8Array(sizeBytes).fill(number) };
}
