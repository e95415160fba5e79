/**
 * Two byte rings in one shared segment: what a pipe and a ring channel are made of. End 0 writes ring 0 and reads ring 1;
 * end 1 the other way round.
 *
 *     ┌ words of ring 0 ┬ words of ring 1 ┬─ data of ring 0 ─────────┬─ data of ring 1 ─────────┐
 *     │   5 lines       │   5 lines       │ ▒▒▒▒▒▒░░░░░░░░░░░▒▒▒▒▒▒▒ │ ░░░▒▒▒▒▒▒▒▒░░░░░░░░░░░░░ │
 *     └─────────────────┴─────────────────┴───────▲──────────▲───────┴──────────────────────────┘
 *                                               tail        head
 *     words of a ring, a cache line of 16 words each:
 *        0      tail: bytes ever written, modulo 2^32              under the write lock
 *        16-19  write lock                                         mutex.ts
 *        32     head: bytes ever read, modulo 2^32                 under the read lock
 *        48-51  read lock                                          mutex.ts
 *        64     1 when somebody sleeps until there is more to read    stored by readers, exchanged for 0 by writers
 *        65     1 when somebody sleeps until there is room            stored by writers, exchanged for 0 by readers
 *
 *     record, a multiple of 8 bytes:  size of the payload (u32) │ kind : 2, tag : 1, names objects : 1 (u32) │ payload │ padding
 *        kind 0   the body of a frame without attachments
 *        kind 1   how many parts and their sizes (f64 each), then the body, then the attachments
 *        kind 2   the number (f64) of an extent of the segment (extents.ts) that holds what kind 1 holds here; it follows from
 *                 where the record is, so no two that are unread have the same
 *        kind 3   how many parts, then of the rest and of each part: its size, and the owner, number and flight of the parcel
 *                 it is in (parcel.ts), or zeros (f64 each). Parts that are in none are the rest, one after the other: in a
 *                 parcel, or here. The second names of the parcels are extents with the numbers from that of kind 2 on
 *
 *  1. A record is written, then the tail is moved in one store: until then nothing has happened, after it the frame is there.
 *     Killed before: the next writer finds the lock abandoned, removes the extents of this place, and writes over the rest. So
 *     there is never half a frame, whoever dies.
 *  2. A record is copied out, then the head is moved in one store. Killed before: the next reader reads it again; only an
 *     extent that was taken already is skipped, with its frame.
 *  3. Writing and reading take a lock each, for one copy at most, so that any number of processes may hold an end. Frames
 *     larger than `inlineBytes` are copied to their extents before the lock is taken, and from it afterwards.
 *  4. Who is about to sleep sets its flag, then looks again. Who writes (reads) moves the tail (head), then looks at the flag,
 *     and only if it is set makes a system call to wake. One of the two sees the other.
 *  5. Killed between moving the tail and waking: sleepers look every `attendMs`, and find what was written.
 *  6. Readers wake writers only when half of the ring is free: so a writer that waits gets room for many frames at once. Any
 *     record fits into half of it.
 *  7. A payload whose frame names shared objects begins with a reference to their consignment (8 bytes; memory/consignment.ts), whose
 *     number is the position of the record. A writer loads it right before it moves the tail; a reader claims it before it moves
 *     the head, and unloads it after that.
 *  8. The ends themselves are counted by the arena: an end is a block that its holders hold (ring-end.ts).
 */

export const tailAt = 0;
export const writeLockAt = 16;
export const headAt = 32;
export const readLockAt = 48;
export const readerSleepsAt = 64;
export const writerSleepsAt = 65;
export const ringWords = 80;

/** Bytes of one ring; a power of two. 100 pipes need 13 MiB, which the 64 MiB of a container's shared memory hold. */
export const ringBytes = 64 * 1024;
/** Payloads up to this size are in the ring, larger ones in an extent: with its header it is less than half of the ring. */
export const inlineBytes = ringBytes / 2 - 64;
/** Where the data of a ring begins in the segment, in bytes. */
export function dataStart(ring: number): number {
  return 1024 + ring * ringBytes;
}
export const segmentBytes = dataStart(2);

export const recordHeaderBytes = 8;
export const recordKind = { body: 0, parts: 1, stored: 2, parcels: 3 } as const;
export const kindMask = 3;
export const tagShift = 2;
/** The payload begins with a reference to the consignment of what the frame names. */
export const cargoFlag = 8;
export const highestFlags = 15;

/** The number of an extent of a record that begins at `position`. Even numbers are those of ring 0, odd ones of ring 1. */
export function extentOf(ring: number, position: number, index = 0): number {
  // A record with several is so long that the numbers of the next one are beyond theirs.
  return ((position + index * 8) >>> 3) * 2 + ring;
}

export function recordBytes(payloadBytes: number): number {
  return recordHeaderBytes + ((payloadBytes + 7) & ~7);
}

/** Up to here, a loop in JavaScript is cheaper than a call into native code. */
export const maxLoopedBytes = 32;
