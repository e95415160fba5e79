/** Ordinary memory for large values that arrive. */
import { native } from "../platform/native.js";

/** From here on it pays to ask: the memory is new to the process, and takes longer to get than to fill. */
const largeFromBytes = 8 * 1024 * 1024;

/**
 * Memory that is about to be filled from end to end. Large memory is asked for in large pages: getting 64 MiB of small ones takes
 * three times as long as copying as much.
 */
export function freshBytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  if (sizeBytes >= largeFromBytes) native().preferLargePages(bytes);
  return bytes;
}
