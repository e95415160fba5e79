/** An item that was leased from a queue. */
import { StateError } from "../errors.js";

/** What ends a lease. */
export interface LeaseEnds {
  finish(): void;
  giveBack(): void;
}

/**
 * An item that is one's own for a while: `done` when it has been dealt with; `release` to let somebody else have it. When the
 * process that has it dies, or lets it go by leaving the scope of a `using`, it goes back to the front of the queue.
 */
export class Lease<T> {
  readonly value: T;
  #ends: LeaseEnds | undefined;

  constructor(value: T, ends: LeaseEnds) {
    this.value = value;
    this.#ends = ends;
  }

  /** Removes the item from the queue for good. @throws StateError when the lease has ended. */
  done(): void {
    this.#end("Cannot finish a leased item").finish();
  }

  /** Gives the item back: it is the next one that anybody takes. @throws StateError when the lease has ended. */
  release(): void {
    this.#end("Cannot give a leased item back").giveBack();
  }

  /** Gives the item back, unless the lease has ended. */
  [Symbol.dispose](): void {
    if (this.#ends !== undefined) this.release();
  }

  #end(what: string): LeaseEnds {
    const ends = this.#ends;
    if (ends === undefined) throw new StateError(`${what}: it was finished or given back before.`);
    this.#ends = undefined;
    return ends;
  }
}
