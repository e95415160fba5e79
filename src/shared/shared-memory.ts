/** Bytes of memory with a name, which any program of the same user can open. */
import { constants } from "node:buffer";
import { ClosedError, DecodeError } from "../errors.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { createNamedSegment, openNamedSegment, unlinkNamedSegment, type NamedSegment } from "./named-segment.js";
import { longestNameBytes } from "../memory/names.js";
import { crypto } from "../platform/crypto.js";
import type { Mapping } from "../platform/native.js";

export interface SharedMemoryOptions {
  /** How others find it; one is chosen by default. Any text without `/` and NUL, of at most 200 bytes. */
  readonly name?: string | undefined;
  /** The size in bytes. */
  readonly size: number;
  /** Whether the memory stays until somebody calls `unlink`, or the machine restarts, rather than until this program ends. */
  readonly persist?: boolean | undefined;
  /** Writes what the memory begins with, before anybody can attach to it. */
  readonly initialize?: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined;
}

/**
 * A block of bytes that unrelated programs share by its name, as long as they run as the same user on the same machine.
 *
 * It belongs to the program that made it, with all its workers: when that ends, however it ends, the name goes (if it was
 * killed, with the next program that shares memory). `persist` leaves it until `unlink`. Whoever attaches never destroys it.
 * Those who have it open keep the bytes as long as they reach them, whatever becomes of the name.
 *
 * Within a program it travels by its name, as an argument, a result or a captured variable, and arrives attached anew:
 * every receiver closes its own. For arrays that are shared within one program, `SharedArray` is simpler.
 *
 * Python: `multiprocessing.shared_memory.SharedMemory`. Python programs find it as `"manyhands." + name`, and should pass
 * `track=False`. Unlike there, attaching does not make the memory go when the attached program ends.
 *
 * @example
 * ```ts
 * const memory = SharedMemory.create({ size: 10 });
 * memory.bytes[0] = 7;
 * const same = SharedMemory.attach(memory.name);
 * assert.equal(same.bytes[0], 7);
 * memory.close();
 * same.unlink();
 * assert.throws(() => SharedMemory.attach(same.name), StateError);
 * ```
 */
export class SharedMemory implements Shareable, Disposable {
  /** How others find it. */
  readonly name: string;
  /** The size in bytes: exactly what was asked for. */
  readonly size: number;
  readonly #file: Pick<NamedSegment, "path" | "inode">;
  #mapping: Mapping | undefined;

  private constructor(name: string, { mapping, path, inode }: NamedSegment) {
    this.name = name;
    this.size = mapping.sizeBytes;
    this.#file = { path, inode };
    this.#mapping = mapping;
  }

  /**
   * Makes new memory, zeroed.
   *
   * @throws StateError when the name is taken. Python: `FileExistsError`.
   * @throws TypeError | RangeError when the name is no name, or the size no positive integer.
   * @throws ResourceLimitError when the machine cannot back the memory.
   * @throws UnsupportedError where memory cannot be shared between processes.
   */
  static create({ name, size, persist = false, initialize = () => {} }: SharedMemoryOptions): SharedMemory {
    checkSize(size);
    if (name !== undefined) checkName(name, "create");
    const options = { sizeBytes: size, persist, initialize: ({ buffer }: Mapping) => initialize(new Uint8Array(buffer)) };
    const chosen = name ?? `memory-${crypto().randomBytes(8).toString("hex")}`;
    return new SharedMemory(chosen, createNamedSegment({ ...options, name: chosen }));
  }

  /**
   * Opens memory that any program of this user has made.
   *
   * @throws StateError when there is none of that name. Python: `FileNotFoundError`.
   * @throws TypeError | RangeError when the name is no name.
   * @throws UnsupportedError where memory cannot be shared between processes.
   */
  static attach(name: string): SharedMemory {
    checkName(name, "attach to");
    return new SharedMemory(name, openNamedSegment(name));
  }

  /** The memory, as bytes. @throws ClosedError after `close`. Python: `buf`. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.buffer);
  }

  /** The memory, for typed arrays of any kind. @throws ClosedError after `close`. */
  get buffer(): ArrayBuffer {
    if (this.#mapping === undefined)
      throw new ClosedError(`Cannot use shared memory "${this.name}": it is closed here. Attach to it again.`);
    return this.#mapping.buffer;
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#mapping === undefined;
  }

  /**
   * Lets go of the memory; others keep it, and the name stays. Views that were taken before stay usable, and are what keeps
   * the memory mapped. Further calls do nothing. Python raises `BufferError` while there are views.
   */
  close(): void {
    this.#mapping = undefined;
  }

  /**
   * Takes the name away, so that nobody can attach any more. Those who have the memory open keep it, and when the last of
   * them is done it is given back. May be called after `close`, and by anybody who has attached.
   *
   * @throws StateError when the name is gone already. Python: `FileNotFoundError`.
   */
  unlink(): void {
    unlinkNamedSegment(this.name, this.#file);
  }

  /** Closes it; does not unlink. */
  [Symbol.dispose](): void {
    this.close();
  }

  [handleOf](): Handle {
    return { kind: "shared-memory", data: this.name };
  }
}

/** The shared memory a handle names, attached anew. */
export function fromHandle(data: unknown): SharedMemory {
  if (typeof data !== "string") throw new DecodeError("Cannot read shared memory: its handle is malformed.");
  return SharedMemory.attach(data);
}

function checkSize(size: unknown): void {
  if (typeof size !== "number") throw new TypeError(`Cannot create shared memory: the size must be a number of bytes, not ${typeof size}`);
  if (Number.isInteger(size) && size > 0 && size <= constants.MAX_LENGTH) return;
  throw new RangeError(`Cannot create shared memory of ${size} bytes: the size must be an integer from 1 to ${constants.MAX_LENGTH}`);
}

function checkName(name: unknown, verb: string): void {
  if (typeof name !== "string") throw new TypeError(`Cannot ${verb} shared memory: the name must be a string, not ${typeof name}`);
  const sizeBytes = Buffer.byteLength(name);
  if (sizeBytes === 0) throw new RangeError(`Cannot ${verb} shared memory: the name is empty`);
  if (sizeBytes > longestNameBytes)
    throw new RangeError(`Cannot ${verb} shared memory: the name has ${sizeBytes} bytes, and may have ${longestNameBytes}`);
  if (/[/\0\p{Surrogate}]/u.test(name)) {
    throw new RangeError(`Cannot ${verb} shared memory: the name ${JSON.stringify(name)} has a character that no file name can have`);
  }
}
