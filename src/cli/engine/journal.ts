/**
 * A journal keeps what a worker has finished of its chunk, so that a worker which is killed in the middle costs the one
 * input it was running: the finished results are read back, and the inputs it never began go to another worker. Nothing
 * runs twice. It is a file, one for each chunk in flight, in the page cache for its short life; a record costs the worker
 * one `write`, half a microsecond.
 *
 *     ┌───────┬────────┬────────┬─────
 *     │ 1     │ record │ record │ …        record = kind u8 · length u32 LE · payload, UTF-8
 *     └───────┴────────┴────────┴─────              (1 = a line of output, 2 = an error's text)
 *
 *  1. The host empties the file before it sends the chunk, and touches it no more until the chunk has ended.
 *  2. The worker writes the first byte when it begins the chunk, then one record after each item, in order. So the file
 *     grows whenever an item ends: the watchdog sees progress by its size.
 *  3. A record that was cut off by the worker's death is shorter than its length says, and does not count.
 *  4. Where the system shows open files under /proc, the name is removed at once and workers open the file through its
 *     descriptor: then nothing can be left behind, whoever is killed.
 */
import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One finished item: a line of output without its end, or the text of the error. */
export interface ItemRecord {
  readonly isFailure: boolean;
  readonly text: string;
}

/** Where workers find a journal. Ids are never used twice; a path may be. */
export interface JournalAddress {
  readonly id: number;
  readonly path: string;
}

/** The host's end. */
export class JournalFile {
  readonly #fd: number;
  readonly #folder: string | undefined;
  #isClosed = false;
  readonly address: JournalAddress;

  private constructor(fd: number, path: string, folder: string | undefined) {
    this.#fd = fd;
    this.#folder = folder;
    this.address = { id: lastId, path };
  }

  static create(): JournalFile {
    lastId += 1;
    const folder = mkdtempSync(join(tmpdir(), "manyhands-"));
    const path = join(folder, "journal");
    const fd = openSync(path, "wx+", 0o600);
    const descriptor = `/proc/${process.pid}/fd/${fd}`;
    if (!canOpen(descriptor)) return new JournalFile(fd, path, folder);
    rmSync(folder, { recursive: true });
    return new JournalFile(fd, descriptor, undefined);
  }

  get sizeBytes(): number {
    return this.#isClosed ? 0 : fstatSync(this.#fd).size;
  }

  clear(): void {
    ftruncateSync(this.#fd, 0);
  }

  /** The records that were completed. */
  read(): ItemRecord[] {
    if (this.#isClosed) return [];
    const bytes = Buffer.alloc(this.sizeBytes);
    const length = readSync(this.#fd, bytes, 0, bytes.length, 0);
    return parseRecords(bytes.subarray(0, length));
  }

  close(): void {
    this.#isClosed = true;
    closeSync(this.#fd);
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The worker's end. */
export class JournalWriter {
  readonly id: number;
  readonly #fd: number;
  #buffer = Buffer.allocUnsafe(smallBufferBytes);
  #position = 0;

  constructor(address: JournalAddress) {
    this.id = address.id;
    this.#fd = openSync(address.path, "r+");
  }

  begin(): void {
    this.#buffer[0] = 1;
    writeSync(this.#fd, this.#buffer, 0, 1, 0);
    this.#position = 1;
  }

  append(record: ItemRecord): void {
    const needed = recordHeaderBytes + record.text.length * 3;
    if (this.#buffer.length < needed) this.#buffer = Buffer.allocUnsafe(needed);
    const length = this.#buffer.write(record.text, recordHeaderBytes, "utf8");
    this.#buffer.writeUInt8(record.isFailure ? failureKind : valueKind, 0);
    this.#buffer.writeUInt32LE(length, 1);
    const end = recordHeaderBytes + length;
    for (let written = 0; written < end;) {
      written += writeSync(this.#fd, this.#buffer, written, end - written, this.#position + written);
    }
    this.#position += end;
    if (this.#buffer.length > keptBufferBytes) this.#buffer = Buffer.allocUnsafe(smallBufferBytes);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export function parseRecords(bytes: Buffer): ItemRecord[] {
  const records: ItemRecord[] = [];
  let position = 1;
  while (position + recordHeaderBytes <= bytes.length) {
    const start = position + recordHeaderBytes;
    const end = start + bytes.readUInt32LE(position + 1);
    if (end > bytes.length) break;
    records.push({ isFailure: bytes[position] === failureKind, text: bytes.toString("utf8", start, end) });
    position = end;
  }
  return records;
}

function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, "r+"));
    return true;
  } catch {
    return false;
  }
}

let lastId = 0;

const recordHeaderBytes = 5;
const valueKind = 1;
const failureKind = 2;
const smallBufferBytes = 4096;
/** A larger buffer was needed for one giant result, and is given back. */
const keptBufferBytes = 1024 * 1024;
