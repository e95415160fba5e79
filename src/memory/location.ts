/** Names a block within the session: what a handle carries. */
export interface Location {
  readonly arena: number;
  readonly block: number;
  readonly generation: number;
}

/** A location as a key. */
export function keyOf({ arena, block, generation }: Location): string {
  return `${arena}.${block}.${generation}`;
}

export function isLocation(value: unknown): value is Location {
  return (
    typeof value === "object" &&
    value !== null &&
    "arena" in value &&
    Number.isSafeInteger(value.arena) &&
    "block" in value &&
    Number.isSafeInteger(value.block) &&
    "generation" in value &&
    Number.isSafeInteger(value.generation)
  );
}
