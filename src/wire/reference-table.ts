/** The objects a message has met, in order: how shared identity and cycles are seen. */

/** Up to here a walk through the list beats a hash table, and most messages need none. */
const maxWalked = 8;

export class ReferenceTable {
  #objects: object[] = [];
  #ids: Map<object, number> | undefined;

  get size(): number {
    return this.#objects.length;
  }

  find(object: object): number | undefined {
    if (this.#ids !== undefined) return this.#ids.get(object);
    const id = this.#objects.indexOf(object);
    return id < 0 ? undefined : id;
  }

  add(object: object): number {
    const id = this.#objects.push(object) - 1;
    if (this.#ids !== undefined) this.#ids.set(object, id);
    else if (id >= maxWalked) this.#ids = new Map(this.#objects.map((known, knownId) => [known, knownId]));
    return id;
  }

  /** Forgets all objects but the first `size`. */
  truncate(size: number): void {
    for (const object of this.#objects.slice(size)) this.#ids?.delete(object);
    this.#objects.length = size;
  }

  clear(): void {
    this.#objects = [];
    this.#ids = undefined;
  }
}
