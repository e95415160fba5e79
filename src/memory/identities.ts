/** Keeps one object per shared object and thread: a lock that is sent away and comes back is the same lock. */
import { Block } from "./block.js";

/** `C`: what an object is made of besides its block. */
export class Identities<T extends object, C = void> {
  readonly #make: (block: Block, context: C) => T;
  readonly #known = new Map<string, WeakRef<T>>();
  readonly #forgetter = new FinalizationRegistry<string>((key) => {
    if (this.#known.get(key)?.deref() === undefined) this.#known.delete(key);
  });

  /** `make` builds the object that lives in a block. */
  constructor(make: (block: Block, context: C) => T) {
    this.#make = make;
  }

  /** What names the object, which lives in `block`, for one message that is about to be sent. */
  sent(block: Block, object: T): unknown {
    this.#remember(block.key, object);
    return block.send();
  }

  /** The object a location that was received names. @throws StateError when nobody holds it any more. */
  received(data: unknown, context: C): T {
    const block = Block.attach(data);
    const known = this.#known.get(block.key)?.deref();
    if (known !== undefined) {
      block.release();
      return known;
    }
    const object = this.#make(block, context);
    this.#remember(block.key, object);
    return object;
  }

  /** Forgets the object: it is closed, and the next one that is received is another. Before the block is released. */
  forget({ key }: Block): void {
    this.#known.delete(key);
  }

  #remember(key: string, object: T): void {
    if (this.#known.get(key)?.deref() === object) return;
    this.#known.set(key, new WeakRef(object));
    this.#forgetter.register(object, key);
  }
}
