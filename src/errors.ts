/**
 * Every public error, in one table: class, stable `code`, fields.
 *
 * | class                | code                      | thrown when                                                          |
 * | -------------------- | ------------------------- | -------------------------------------------------------------------- |
 * | NotShippableError    | ERR_NOT_SHIPPABLE         | a function, or something it captured, cannot exist in another process |
 * | EncodeError          | ERR_ENCODE                | a value cannot be sent; `path` names the part                         |
 * | DecodeError          | ERR_DECODE                | received bytes are not a message of this version                      |
 * | RemoteError          | ERR_REMOTE                | an error of a class that cannot be rebuilt here; `remoteName` has it  |
 * | WorkerDiedError      | ERR_WORKER_DIED           | the worker ended while it ran the task                                |
 * | WorkerStartError     | ERR_WORKER_START          | a worker could not start, or its initializer failed; see `cause`      |
 * | BootstrapError       | ERR_BOOTSTRAP             | a module that a worker imports starts processes at its top level      |
 * | TimeoutError         | ERR_TIMEOUT               | a stated time ran out                                                 |
 * | CancelledError       | ERR_CANCELLED             | the task was cancelled, or its pool terminated                        |
 * | ClosedError          | ERR_CLOSED                | the pool, queue, connection or process object is closed               |
 * | StateError           | ERR_STATE                 | a call that the object's state forbids (start twice, join before start) |
 * | EndOfFileError       | ERR_END_OF_FILE           | nothing left to receive, and no writer is left                        |
 * | EmptyError           | ERR_EMPTY                 | nothing to get without waiting                                        |
 * | FullError            | ERR_FULL                  | no room to put without waiting; `value` hands the item back           |
 * | BufferTooShortError  | ERR_BUFFER_TOO_SHORT      | a received message does not fit; `bytes` holds the whole of it     |
 * | BrokenBarrierError   | ERR_BROKEN_BARRIER        | a party of the barrier left, died, timed out or aborted               |
 * | AuthenticationError  | ERR_AUTHENTICATION        | the peer does not have the key                                        |
 * | ResourceLimitError   | ERR_RESOURCE_LIMIT        | the machine cannot back the memory asked for                          |
 * | UnsupportedError     | ERR_UNSUPPORTED           | this platform lacks what the call needs                               |
 *
 * Errors cross processes, where `instanceof` against another copy of this module fails; so every class carries a brand
 * and recognises its own kind by it: `error instanceof WorkerDiedError` holds for an error made by any copy of the library.
 */

const brand = Symbol.for("manyhands.error");
const anyKind = "any";

/** The codes of all public errors. */
export type ErrorCode =
  | "ERR_NOT_SHIPPABLE"
  | "ERR_ENCODE"
  | "ERR_DECODE"
  | "ERR_REMOTE"
  | "ERR_WORKER_DIED"
  | "ERR_WORKER_START"
  | "ERR_BOOTSTRAP"
  | "ERR_TIMEOUT"
  | "ERR_CANCELLED"
  | "ERR_CLOSED"
  | "ERR_STATE"
  | "ERR_END_OF_FILE"
  | "ERR_EMPTY"
  | "ERR_FULL"
  | "ERR_BUFFER_TOO_SHORT"
  | "ERR_BROKEN_BARRIER"
  | "ERR_AUTHENTICATION"
  | "ERR_RESOURCE_LIMIT"
  | "ERR_UNSUPPORTED";

/** The base of every error this library throws on purpose. `code` is stable; messages are not. */
export class ManyhandsError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  static {
    Object.defineProperty(this.prototype, brand, { value: anyKind });
    nameErrors(this.prototype, "ManyhandsError");
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false;
    if (Object.prototype.isPrototypeOf.call(this.prototype, value)) return true;
    const own: unknown = Object.getOwnPropertyDescriptor(this.prototype, brand)?.value;
    const theirs: unknown = Reflect.get(value, brand);
    return own !== undefined && theirs !== undefined && (own === anyKind || own === theirs);
  }
}

const classOf = new Map<string, { readonly prototype: ManyhandsError }>();

/** The class that owns `code`: what rebuilds an error that crossed a process boundary. */
export function errorClassOf(code: string): { readonly prototype: ManyhandsError } | undefined {
  return classOf.get(code);
}

function register(name: string, code: ErrorCode, errorClass: { readonly prototype: ManyhandsError }): void {
  Object.defineProperty(errorClass.prototype, brand, { value: code });
  nameErrors(errorClass.prototype, name);
  classOf.set(code, errorClass);
}

function nameErrors(prototype: ManyhandsError, name: string): void {
  Object.defineProperty(prototype, "name", { value: name, writable: true, configurable: true });
}

/** A function, or something it captured, cannot exist in another process. The message names the chain and the remedy. */
export class NotShippableError extends ManyhandsError {
  /** From the function that was sent to the value that cannot follow it: `["resize (photos.ts:12)", "db"]`. */
  readonly chain: readonly string[];

  constructor(message: string, chain: readonly string[] = [], options?: ErrorOptions) {
    super("ERR_NOT_SHIPPABLE", message, options);
    this.chain = chain;
  }

  static {
    register("NotShippableError", "ERR_NOT_SHIPPABLE", this);
  }
}

/** A value cannot be sent to another process. Python: `PicklingError`, `MaybeEncodingError`. */
export class EncodeError extends ManyhandsError {
  /** Where in the value the offending part is: `args[0].items[3].socket`. */
  readonly path: string;

  constructor(message: string, path: string, options?: ErrorOptions) {
    super("ERR_ENCODE", message, options);
    this.path = path;
  }

  static {
    register("EncodeError", "ERR_ENCODE", this);
  }
}

/** Received bytes are not a message: truncated, hostile, or of another version. */
export class DecodeError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_DECODE", message, options);
  }

  static {
    register("DecodeError", "ERR_DECODE", this);
  }
}

/** An error from a worker whose class does not exist here. Name, message, own properties, `cause` and stack are the original's. */
export class RemoteError extends ManyhandsError {
  /** The `name` of the original error. */
  readonly remoteName: string;

  constructor(message: string, remoteName: string, options?: ErrorOptions) {
    super("ERR_REMOTE", message, options);
    this.remoteName = remoteName;
  }

  static {
    register("RemoteError", "ERR_REMOTE", this);
  }
}

/** What is known of a worker's end. */
export interface WorkerDeath {
  /** Operating system's process id; the worker's own for a process, the program's for a thread. */
  readonly pid: number | undefined;
  /** Python's convention: `-N` when killed by signal N. */
  readonly exitCode: number;
  /** `"SIGKILL"` and so on; `undefined` when it exited by itself. */
  readonly signal: string | undefined;
  /** What it was running: `resize(#17)`, where the number is the task's. `undefined` when it was idle. */
  readonly task: string | undefined;
}

/** The worker ended while it ran the task: killed, out of memory, or by `process.exit()`. Only that task is lost. */
export class WorkerDiedError extends ManyhandsError {
  readonly pid: number | undefined;
  readonly exitCode: number;
  readonly signal: string | undefined;
  readonly task: string | undefined;

  constructor(message: string, death: WorkerDeath, options?: ErrorOptions) {
    super("ERR_WORKER_DIED", message, options);
    this.pid = death.pid;
    this.exitCode = death.exitCode;
    this.signal = death.signal;
    this.task = death.task;
  }

  static {
    register("WorkerDiedError", "ERR_WORKER_DIED", this);
  }
}

/** A worker could not be started, or its initializer failed; `cause` holds the error. */
export class WorkerStartError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_WORKER_START", message, options);
  }

  static {
    register("WorkerStartError", "ERR_WORKER_START", this);
  }
}

/** A module that a worker imports starts processes at its top level, which would never end. */
export class BootstrapError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_BOOTSTRAP", message, options);
  }

  static {
    register("BootstrapError", "ERR_BOOTSTRAP", this);
  }
}

/** A stated time ran out. Python: `multiprocessing.TimeoutError`. */
export class TimeoutError extends ManyhandsError {
  /** The time that ran out, in milliseconds. */
  readonly timeout: number | undefined;

  constructor(message: string, timeout?: number, options?: ErrorOptions) {
    super("ERR_TIMEOUT", message, options);
    this.timeout = timeout;
  }

  static {
    register("TimeoutError", "ERR_TIMEOUT", this);
  }
}

/** The task was cancelled, or its pool was terminated before it finished. */
export class CancelledError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_CANCELLED", message, options);
  }

  static {
    register("CancelledError", "ERR_CANCELLED", this);
  }
}

/** The pool, queue, connection or process object is closed. */
export class ClosedError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_CLOSED", message, options);
  }

  static {
    register("ClosedError", "ERR_CLOSED", this);
  }
}

/** A call that the object's present state forbids: starting twice, joining before the start. */
export class StateError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_STATE", message, options);
  }

  static {
    register("StateError", "ERR_STATE", this);
  }
}

/** Nothing is left to receive, and no writer is left. Python: `EOFError`. */
export class EndOfFileError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_END_OF_FILE", message, options);
  }

  static {
    register("EndOfFileError", "ERR_END_OF_FILE", this);
  }
}

/** Nothing to get without waiting. Python: `queue.Empty`. */
export class EmptyError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_EMPTY", message, options);
  }

  static {
    register("EmptyError", "ERR_EMPTY", this);
  }
}

/** No room to put without waiting. Python: `queue.Full`. */
export class FullError extends ManyhandsError {
  /** The item that was not put. */
  readonly value: unknown;

  constructor(message: string, value: unknown, options?: ErrorOptions) {
    super("ERR_FULL", message, options);
    this.value = value;
  }

  static {
    register("FullError", "ERR_FULL", this);
  }
}

/** The buffer given to `recvBytesInto` is smaller than the message. Python: `BufferTooShort`. */
export class BufferTooShortError extends ManyhandsError {
  /** The whole message, which was consumed. */
  readonly bytes: Uint8Array;

  constructor(message: string, bytes: Uint8Array, options?: ErrorOptions) {
    super("ERR_BUFFER_TOO_SHORT", message, options);
    this.bytes = bytes;
  }

  static {
    register("BufferTooShortError", "ERR_BUFFER_TOO_SHORT", this);
  }
}

/** A party of the barrier died, timed out or aborted. Python: `BrokenBarrierError`. */
export class BrokenBarrierError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_BROKEN_BARRIER", message, options);
  }

  static {
    register("BrokenBarrierError", "ERR_BROKEN_BARRIER", this);
  }
}

/** The peer does not have the key. Python: `AuthenticationError`. */
export class AuthenticationError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_AUTHENTICATION", message, options);
  }

  static {
    register("AuthenticationError", "ERR_AUTHENTICATION", this);
  }
}

/** The machine cannot back what was asked for; the message has the figures and the remedy. */
export class ResourceLimitError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_RESOURCE_LIMIT", message, options);
  }

  static {
    register("ResourceLimitError", "ERR_RESOURCE_LIMIT", this);
  }
}

/** This platform lacks what the call needs; the message says what is missing. */
export class UnsupportedError extends ManyhandsError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_UNSUPPORTED", message, options);
  }

  static {
    register("UnsupportedError", "ERR_UNSUPPORTED", this);
  }
}
