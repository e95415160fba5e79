/** The property names of objects that were sent, so that the rows of a table send theirs once. */

/** How many of the latest shapes are compared with an object: enough for objects nested in rows, and bounded. */
const maxCompared = 8;

export class ShapeTable {
  #shapes: (readonly string[])[] = [];

  get size(): number {
    return this.#shapes.length;
  }

  /** The id of the shape with exactly these names in this order, when it is among the latest. */
  find(names: readonly string[]): number | undefined {
    const oldest = Math.max(0, this.#shapes.length - maxCompared);
    for (let id = this.#shapes.length - 1; id >= oldest; id--) {
      if (equalNames(this.#shapes[id] ?? [], names)) return id;
    }
    return undefined;
  }

  add(names: readonly string[]): void {
    this.#shapes.push(names);
  }

  truncate(size: number): void {
    this.#shapes.length = size;
  }

  clear(): void {
    if (this.#shapes.length > 0) this.#shapes = [];
  }
}

function equalNames(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = 0; index < some.length; index++) {
    if (some[index] !== others[index]) return false;
  }
  return true;
}
