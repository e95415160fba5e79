/** Where the words of a chain are in the header of its queue. `item-chain.ts` draws them. */

export const tailLockAt = 0;
export const putsAt = 16;
export const tailAt = 17;
export const tailWords = 4;
/** What a position at the tail has. */
export const tailWord = { chunk: 0, offset: 1, lastNumber: 2, claims: 3 } as const;
export const headLockAt = 32;
export const gotsAt = 48;
export const headAt = 49;
export const headWords = 5;
/** What a position at the head has. */
export const headWord = { chunk: 0, offset: 1, left: 2, taker: 3, offers: 4 } as const;
/** The chunks that were offered, each at its number modulo `maxSpares`. */
export const sparesAt = 116;
export const maxSpares = 4;

/** Where the first chunk begins in the queue's own segment, in bytes. */
export const firstChunkAt = 12 * 1024;
/** Of all others. */
export const chunkBytes = 1024 * 1024;
