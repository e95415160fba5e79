/** What the garbage collector is told. */

/** What stands for each buffer; found by the collector through the buffer alone. */
const stands = new WeakMap<ArrayBuffer, ArrayBuffer>();

/**
 * Has the garbage collector count the buffer's size. It counts no memory that was mapped from a file: thousands of large
 * buffers that nobody can reach would wait for a collection that nothing calls for. So each gets a buffer of the same size
 * that is counted, and that costs addresses only: memory that can be resized has no pages until it is touched.
 */
export function countForCollector(buffer: ArrayBuffer): void {
  const { byteLength } = buffer;
  try {
    stands.set(buffer, new ArrayBuffer(byteLength, { maxByteLength: byteLength }));
  } catch {
    // No addresses are left for it. It is collected later, then.
  }
}
