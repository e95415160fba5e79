/** How many bytes messages have: some fit the ring, some take a file of their own, some a parcel. */

/** Of those that are exchanged. */
export function sizeOf(number: number): number {
  if (number % 3 !== 0) return 100 + (number % 7);
  return number % 2 === 0 ? 40_000 : 1_200_000;
}

/** Of those that the actor `fill` sends. */
export function sizeOfFill(number: number): number {
  return number % 10 === 9 ? 1_200_000 : (number * 7919) % 50_000;
}
