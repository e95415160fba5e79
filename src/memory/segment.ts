/**
 * Segments: files that are memory. Every page is backed before anybody touches it, since touching a page that cannot be
 * backed kills the process. A mapping lives exactly as long as its buffer: when no typed array over it can be reached any
 * more, the garbage collector says so, and only then it is unmapped.
 */
import { closeSync, fstatSync, openSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ResourceLimitError } from "../errors.js";
import { mayMap } from "../platform/mapping-limit.js";
import { native, type Mapping } from "../platform/native.js";
import { countForCollector } from "../platform/collector.js";
import { keepUntransferable } from "../platform/untransferable.js";
import { freeBytes } from "../platform/places.js";
import { killPoint } from "./kill-point.js";
import { makeFolder } from "./session.js";

/** The unit in which files are mapped; a multiple of every page size in use is not needed, the kernel rounds up. */
const pageBytes = 4096;
/**
 * What others have made and filled is mapped in one go up to this size: 64 MiB take 1.5 ms then, and 25 when each page is mapped at
 * its first touch. Of more, a process often uses a part. What is new here is not: it is cleared at the first touch, when it is
 * about to be written and the cache has a use for it.
 */
const mappedAtOnceBytes = 256 * 1024 * 1024;

const unmapper = new FinalizationRegistry<{ readonly address: number; readonly sizeBytes: number }>(({ address, sizeBytes }) =>
  native().unmap(address, sizeBytes),
);

/**
 * Makes a file of zeroed memory in the first of the folders that has room, and maps it.
 *
 * @throws ResourceLimitError when none has room.
 */
export function createSegment(folders: readonly string[], name: string, sizeBytes: number): Mapping {
  for (const folder of folders) {
    const path = join(folder, name);
    makeFolder(folder);
    const fd = openSync(path, "wx+", 0o600);
    try {
      killPoint("segment.created");
      const failure = native().reserve(fd, roundUp(sizeBytes));
      if (failure === undefined) return mapped(fd, sizeBytes);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
    rmSync(path, { force: true });
  }
  throw new ResourceLimitError(noRoom(folders, sizeBytes));
}

/** Maps a segment that exists; all of it, or its first `sizeBytes`. Throws what `open` throws when it does not exist. */
export function openSegment(path: string, sizeBytes?: number): Mapping {
  const fd = openSync(path, "r+");
  try {
    const wantedBytes = sizeBytes ?? fstatSync(fd).size;
    return mapped(fd, wantedBytes, { isBacked: wantedBytes <= mappedAtOnceBytes });
  } finally {
    closeSync(fd);
  }
}

function mapped(fd: number, sizeBytes: number, { isBacked = false } = {}): Mapping {
  if (!mayMap()) {
    throw new ResourceLimitError(
      `Cannot map ${sizeBytes} bytes of shared memory: this process has nearly as many mappings as the system allows (vm.max_map_count). ` +
        `Each shared object of more than 4 KiB needs two: keep fewer of them at a time, or put many values into one array.`,
    );
  }
  const mapping = native().mapFile(fd, sizeBytes, { isBacked });
  keepUntransferable(mapping.buffer);
  countForCollector(mapping.buffer);
  unmapper.register(mapping.buffer, { address: mapping.address, sizeBytes });
  return mapping;
}

function roundUp(sizeBytes: number): number {
  return Math.ceil(sizeBytes / pageBytes) * pageBytes;
}

/** What to say when none of the folders has room. */
export function noRoom(folders: readonly string[], sizeBytes: number): string {
  const places = folders.map((folder) => `${dirname(folder)} has ${Math.floor(freeBytes(dirname(folder)) / 1024)} KiB free`);
  return (
    `Cannot share ${Math.ceil(sizeBytes / 1024)} KiB of memory: ${places.join(", ")}. ` +
    `Give the container more shared memory (docker run --shm-size=1g), or set TMPDIR to a folder with room.`
  );
}
