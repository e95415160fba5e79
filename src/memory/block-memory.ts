import type { Location } from "./location.js";
import type { Words } from "./waitable.js";

/** What a block is made of. */
export interface BlockMemory {
  /** The words of the memory the block is in; those of the block start at `at`. */
  readonly words: Words;
  /** The index in `words.int32` of the block's first word. */
  readonly at: number;
  readonly sizeBytes: number;
  /** Tells it from all other blocks that this thread has. */
  readonly key: string;
  /** Names a mapped block within the session, to whoever does not hold it. To send it to others, use `send`. */
  readonly location: Location | undefined;
  /** The number of the segment that is the block's own, and can have extents; `undefined` for all other blocks. */
  readonly segment: number | undefined;
  /** The memory the block is in, of which its bytes begin at `at * 4`. For views that live as long as the block. */
  readonly memory: ArrayBufferLike;
  /** The block as a buffer that begins where it does, and may end later; it keeps the memory as long as it can be reached. */
  readonly buffer: ArrayBufferLike;
  /** Names the block for a message that is being encoded, which keeps it (cargo.ts). Anywhere else the caller keeps it until it has come. */
  send(): unknown;
  /** Lets go of the memory now, if it can, rather than when this is collected. It must not be used afterwards. */
  release(): void;
}
