/**
 * Puts what arrives in any order back into the order of its sequence numbers, which count from 0 without a gap.
 * What it keeps is what arrived too early; whoever hands out sequence numbers bounds that.
 */
export class InOrder<T extends object> {
  readonly #early = new Map<number, T>();
  #nextSequence = 0;

  /** Takes the arrival of `sequence`, and yields all that can now be delivered. */
  *put(sequence: number, arrival: T): Generator<T> {
    this.#early.set(sequence, arrival);
    for (;;) {
      const next = this.#early.get(this.#nextSequence);
      if (next === undefined) return;
      this.#early.delete(this.#nextSequence);
      this.#nextSequence += 1;
      yield next;
    }
  }
}
