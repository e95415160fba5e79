/** Chunk arithmetic: how many items travel to a worker together. */

/** Chunks a worker gets in the mean: few enough to be cheap, enough that one slow chunk does not leave the others idle. */
const chunksPerWorker = 4;

/** Python's default for `Pool.map`: about four chunks a worker; 0 for no items. */
export function defaultChunkSize(length: number, workers: number): number {
  return Math.ceil(length / (workers * chunksPerWorker));
}

/** Cuts `items` into runs of `chunkSize`; the last one may be shorter. */
export function* cutIntoChunks<T>(items: readonly T[], chunkSize: number): Generator<readonly T[]> {
  if (chunkSize >= items.length && items.length > 0) {
    yield items;
    return;
  }
  for (let start = 0; start < items.length; start += chunkSize) yield items.slice(start, start + chunkSize);
}
