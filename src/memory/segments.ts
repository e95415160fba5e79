/**
 * The segments of the session that this thread uses: memory too large for an arena, a file each. Who owns a segment, and so when it
 * goes, a block says; here is only the way to it, with one view of a mapping for all of the thread.
 */
import { createSegment, openSegment } from "./segment.js";
import { killPoint } from "./kill-point.js";
import { MappedWords } from "./mapped-words.js";
import type { Membership } from "./membership.js";
import { fileIn, foldersOf, removeSegment, segmentName } from "./segment-files.js";

export class Segments {
  readonly #membership: Membership;
  readonly #inUse = new Map<number, WeakRef<MappedWords>>();
  /** Not by looking at all of them now and then: a look makes the collector keep what it is at. */
  readonly #forgetter = new FinalizationRegistry<number>((serial) => {
    if (this.#inUse.get(serial)?.deref() === undefined) this.#inUse.delete(serial);
  });

  constructor(mine: Membership) {
    this.#membership = mine;
  }

  /** Makes the file. @throws ResourceLimitError when the machine cannot back it. */
  create(serial: number, sizeBytes: number): MappedWords {
    return this.#keep(
      new MappedWords(createSegment(foldersOf(this.#membership.session), segmentName(serial), sizeBytes), serial, this.#membership),
    );
  }

  /** Throws what `open` throws when it does not exist. */
  open(serial: number, sizeBytes: number): MappedWords {
    const known = this.#inUse.get(serial)?.deref();
    if (known !== undefined) return known;
    return this.#keep(
      new MappedWords(openSegment(fileIn(this.#membership.session, segmentName(serial)), sizeBytes), serial, this.#membership),
    );
  }

  /** Removes the file of a segment that no block owns any more, and those of its extents. Whoever uses it still does. */
  remove(serial: number): void {
    killPoint("segments.orphan");
    removeSegment(foldersOf(this.#membership.session), serial);
    this.#inUse.delete(serial);
  }

  #keep(words: MappedWords): MappedWords {
    this.#inUse.set(words.serial, new WeakRef(words));
    this.#forgetter.register(words, words.serial);
    return words;
  }
}
