/** One end of a pipe, or of a connection between programs: the face of both. */
import { BufferTooShortError, ClosedError, DecodeError, EmptyError, EndOfFileError, StateError } from "../errors.js";
import { Breather } from "../memory/breather.js";
import { checkWaitOptions, Deadline, deadlineOf } from "../memory/deadline.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { readiness, type CanBeReady, type Readiness } from "../memory/readiness.js";
import { spinWeight } from "../memory/spin.js";
import { Turns } from "../memory/turns.js";
import type { WaitOptions } from "../memory/waitable.js";
import type { Encoded } from "../wire/extension.js";
import { checkLimit, checkOffset, partOf, toBytes, type Bytes, type Part } from "./bytes.js";
import { nobodyThere, noRoom, nothingCame, refuseBytes } from "./refusals.js";
import { tags, type Incoming, type SendOutcome, type Tag, type Transport } from "./transport.js";

export type { Bytes, Part };

/** Which directions an end has. */
export interface Access {
  readonly canRead: boolean;
  readonly canWrite: boolean;
}

/**
 * One end of a pipe: it sends values and byte messages to the other end, and receives what that one sends, whole and in order.
 *
 * It travels: as an argument, a result, an item on a queue, through another connection, or as a captured variable. Then
 * several processes hold the same end, until each of them has closed or dropped it or has died; any of them may send and
 * receive, and each message is received by one of them. The other end sees the end of the file when the last is gone, after
 * everything that was sent. A process that is killed leaves no half message.
 *
 * Python: `multiprocessing.connection.Connection`, which only one process may use at a time.
 *
 * @example
 * const [a, b] = Pipe<string>();
 * await a.send("one");
 * a.close();
 * assert.equal(await b.poll(), true);
 * assert.equal(await b.recv(), "one");
 * await assert.rejects(b.recv(), EndOfFileError);
 */
export class Connection<T = unknown> implements Shareable, CanBeReady, Disposable {
  readonly #transport: Transport;
  readonly #access: Access;
  readonly #senders = new Turns();
  readonly #receivers = new Turns();
  readonly #breather = new Breather();
  /** A message that could not be received synchronously: the next call gets it. */
  #kept: Incoming | undefined;
  #isClosed = false;
  #hasGivenUpReading = false;

  /** Use `Pipe`. */
  constructor(transport: Transport, access: Access) {
    this.#transport = transport;
    this.#access = access;
  }

  /** Whether this object was closed. Python: `closed`. */
  get closed(): boolean {
    return this.#isClosed;
  }

  /** Whether one can receive here. Python: `readable`. */
  get readable(): boolean {
    return this.#access.canRead && !this.#hasGivenUpReading && !this.#isClosed;
  }

  /** Whether one can send here. Python: `writable`. */
  get writable(): boolean {
    return this.#access.canWrite && !this.#isClosed;
  }

  /**
   * Sends a value. It is copied at the call; the promise resolves when it is in shared memory, which takes until the other side
   * has received enough of what came before. That wait does not block the event loop, so two ends that send much to each
   * other do not stop one another. Whoever awaits each `send` has its messages arrive in order, as do those who do not.
   *
   * @throws EncodeError | NotShippableError when it cannot be sent; the connection stays as it was.
   * @throws ClosedError when this end is closed, or nobody holds the other one any more.
   * @throws StateError when this end only receives.
   * @throws TimeoutError when there was no room in time; the signal's reason, when it is aborted: the value is then not sent.
   * @throws ResourceLimitError when the machine cannot back a large message.
   */
  send(value: T, options?: WaitOptions): Promise<void> {
    try {
      checkWaitOptions(options, "send");
      this.#refuseWriting("send");
      return this.#send(this.#transport.codec.encode(value, "value"), tags.value, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Sends a value, blocking the thread while there is no room. Two threads that do this to each other with much to send may
   * wait for each other; where that can be, use `send` or a timeout. Fails as `send` does.
   *
   * @throws StateError when calls of `send` are pending here, which this one would block.
   */
  sendSync(value: T, { timeout }: { readonly timeout?: number | undefined } = {}): void {
    this.#refuseWriting("send");
    if (!this.#senders.isEmpty) throw new StateError("Cannot send synchronously: earlier calls of send() are pending; await them first");
    const deadline = new Deadline(timeout, "send");
    const message = this.#transport.codec.encode(value, "value");
    this.#finishSending(this.#transport.sendSync(message, tags.value, deadline), timeout);
  }

  /**
   * Sends bytes as one message, which `recvBytes` receives; no bytes are a message, too. Fails as `send` does. Python:
   * `send_bytes(buf, offset, size)`.
   *
   * @throws TypeError when it is not a buffer; RangeError when the part is not within it.
   */
  async sendBytes(buffer: Bytes, options: Part & WaitOptions = {}): Promise<void> {
    this.#refuseWriting("send bytes");
    const body = partOf(toBytes(buffer, "send bytes"), options);
    return this.#send({ body, attachments: noAttachments }, tags.bytes, options);
  }

  /**
   * Receives the next value; waits for it without blocking the event loop. Calls of one thread receive in the order in which they
   * were made; `recvSync` and `tryRecv` take what is there before any of them. Python: `recv()`.
   *
   * @throws EndOfFileError when nothing is left to receive and nobody holds the other end any more; again at every call.
   * @throws ClosedError when this end is closed, or cannot be read any more after `recvBytes` met a message that was too long.
   * @throws StateError when this end only sends.
   * @throws DecodeError when the message was sent by `sendBytes`.
   * @throws TimeoutError when nothing came in time; the signal's reason, when it is aborted.
   */
  recv(options?: WaitOptions): Promise<T> {
    try {
      checkWaitOptions(options, "receive");
      const frame = this.#takeFirst("receive", options);
      if (frame === undefined) return this.#recv(options);
      const value = this.#decode(frame);
      return this.#breather.isDue() ? this.#breather.after(value) : Promise.resolve(value);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Receives the next value, blocking the thread until it is there. Fails as `recv` does.
   *
   * @throws StateError when the message needs modules (functions, classes, kinds of shared objects) that are not loaded yet,
   *   since that cannot be waited for: the next call of `recv` gets it.
   */
  recvSync(options: { readonly timeout?: number | undefined } = {}): T {
    const deadline = deadlineOf(options, "receive");
    const { timeout } = options;
    for (;;) {
      const frame = this.#take("receive") ?? this.#takeSoon({ timeout });
      if (frame !== undefined) return this.#decodeSync(frame);
      if (!this.#transport.untilReadableSync(deadline)) throw nothingCame(timeout);
      if (this.#transport.hasEnded) throw this.#end();
    }
  }

  /** Receives the next value if there is one. Fails as `recvSync` does. @throws EmptyError when there is none. */
  tryRecv(): T {
    const frame = this.#take("receive");
    if (frame !== undefined) return this.#decodeSync(frame);
    this.#transport.attend();
    if (this.#transport.hasEnded) throw this.#end();
    throw new EmptyError("Cannot receive without waiting: there is no message");
  }

  /**
   * Receives the next message that was sent by `sendBytes`. Fails as `recv` does. Python: `recv_bytes(maxlength)`.
   *
   * @throws RangeError when the message is longer than `maxLength`. The connection can then no longer be read; one that only
   *   receives is closed, one that also sends can still do so.
   * @throws RangeError | TypeError when `maxLength` is no length.
   * @throws DecodeError when the message was sent by `send`.
   */
  async recvBytes({ maxLength, ...options }: { readonly maxLength?: number | undefined } & WaitOptions = {}): Promise<
    Uint8Array<ArrayBuffer>
  > {
    if (maxLength !== undefined) checkLimit(maxLength);
    const bytes = await this.#recvBytes(options);
    if (maxLength === undefined || bytes.length <= maxLength) return bytes;
    this.#hasGivenUpReading = true;
    if (!this.#access.canWrite) this.close();
    throw new RangeError(
      `Cannot receive bytes: the message has ${bytes.length}, and maxLength is ${maxLength}. The connection can no longer be read.`,
    );
  }

  /**
   * Receives the next message that was sent by `sendBytes` into a buffer, from `offset` bytes on, and returns its length. Fails
   * as `recv` does. Python: `recv_bytes_into(buf, offset)`.
   *
   * @throws BufferTooShortError when it does not fit; `bytes` has the whole message, which is consumed.
   * @throws TypeError when it is not a buffer; RangeError when the offset is not within it.
   */
  async recvBytesInto(
    buffer: Bytes,
    { offset = 0, ...options }: { readonly offset?: number | undefined } & WaitOptions = {},
  ): Promise<number> {
    const target = toBytes(buffer, "receive bytes");
    checkOffset(offset, target.length, "receive bytes");
    const bytes = await this.#recvBytes(options);
    if (offset + bytes.length > target.length) {
      throw new BufferTooShortError(
        `Cannot receive bytes into the buffer: the message has ${bytes.length}, and there is room for ${target.length - offset}`,
        bytes,
      );
    }
    target.set(bytes, offset);
    return bytes.length;
  }

  /**
   * Whether there is something to receive, or nothing will come any more; then `recv` does not wait. Waits at most `timeout`
   * milliseconds, by default 0: it looks once. Consumes nothing. Python: `poll(timeout)`, where `None` is `Infinity` here.
   *
   * @throws ClosedError when this end is closed; StateError when it only sends; the signal's reason, when it is aborted.
   */
  async poll(options: WaitOptions = {}): Promise<boolean> {
    checkWaitOptions(options, "poll");
    const { timeout = 0, signal } = options;
    const deadline = new Deadline(timeout, "poll");
    this.#refuseReading("poll");
    signal?.throwIfAborted();
    if (this.#isReady()) return true;
    const isReady = await this.#transport.untilReadable({ deadline, signal });
    this.#refuseReading("poll");
    return isReady;
  }

  /**
   * Closes this end here: every call but this one fails from now on, pending ones too. Other processes that hold the same end keep it.
   * What was sent arrives. Python: `close()`.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#kept = undefined;
    this.#transport.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The values that come, until nobody holds the other end any more. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const frame = this.#takeFirst("receive") ?? (await this.#next());
      if (frame === undefined) {
        if (this.#transport.failure !== undefined) throw this.#transport.failure;
        return;
      }
      if (this.#breather.isDue()) await this.#breather.after(undefined);
      yield await this.#decode(frame);
    }
  }

  [readiness](): Readiness {
    this.#refuseReading("wait for");
    const isReady = (): boolean => this.#isReady();
    return {
      get isReady() {
        return isReady();
      },
      whenReady: (signal) => this.#transport.untilReadable({ deadline: new Deadline(undefined, "wait"), signal }),
    };
  }

  [handleOf](): Handle {
    if (this.#isClosed) throw new ClosedError("Cannot send a connection to another process: it is closed");
    return this.#transport.handleFor(this);
  }

  #send(message: Encoded, tag: Tag, options: WaitOptions | undefined): Promise<void> {
    if (options?.signal?.aborted !== true && this.#senders.isEmpty && this.#transport.trySend(message, tag)) {
      return this.#breather.isDue() ? this.#breather.after(undefined) : sent;
    }
    return this.#sendInTurn(message, tag, options);
  }

  async #sendInTurn(message: Encoded, tag: Tag, { timeout, signal }: WaitOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const deadline = new Deadline(timeout, "send");
    // The caller may change its bytes while the message waits.
    const own = tag === tags.bytes ? { ...message, body: message.body.slice() } : message;
    if (!(await this.#senders.enter(deadline, signal))) throw noRoom(timeout);
    try {
      this.#finishSending(await this.#transport.send(own, tag, { deadline, signal }), timeout);
    } finally {
      this.#senders.leave();
    }
  }

  #finishSending(outcome: SendOutcome, timeout: number | undefined): void {
    if (outcome === "sent") return;
    this.#refuseWriting("send");
    throw outcome === "gone" ? nobodyThere() : noRoom(timeout);
  }

  async #recv(options: WaitOptions | undefined): Promise<T> {
    const frame = await this.#next(options);
    if (frame === undefined) throw this.#end();
    return this.#decode(frame);
  }

  async #recvBytes(options: WaitOptions): Promise<Uint8Array<ArrayBuffer>> {
    const frame = this.#takeFirst("receive bytes", options) ?? (await this.#next(options));
    if (frame === undefined) throw this.#end();
    if (frame.tag !== tags.bytes) throw new DecodeError("Cannot receive bytes: the message is a value, which recv() receives");
    return frame.body;
  }

  /** Waits for the next message; `undefined` when none will come any more. */
  async #next({ timeout, signal }: WaitOptions = {}): Promise<Incoming | undefined> {
    const deadline = new Deadline(timeout, "receive");
    signal?.throwIfAborted();
    if (!(await this.#receivers.enter(deadline, signal))) throw nothingCame(timeout);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const isReadable = await this.#transport.untilReadable({ deadline, signal });
        const frame = this.#take("receive");
        if (frame !== undefined || this.#transport.hasEnded) return frame;
        if (!isReadable) throw nothingCame(timeout);
      }
    } finally {
      this.#receivers.leave();
    }
  }

  /** The next message if there is one, or if one comes in a moment, and nobody waits for it already. */
  #takeFirst(doing: string, options?: WaitOptions): Incoming | undefined {
    if (this.#receivers.isEmpty) return this.#take(doing) ?? this.#takeSoon(options);
    this.#refuseReading(doing);
    return undefined;
  }

  /** The next message if there is one. `doing` is what the user does, for the message when that cannot be. */
  #take(doing: string): Incoming | undefined {
    this.#refuseReading(doing);
    const kept = this.#kept;
    this.#kept = undefined;
    return kept ?? this.#transport.tryReceive();
  }

  /** The same after a moment, if something comes by then. */
  #takeSoon({ timeout = Infinity, signal }: WaitOptions = {}): Incoming | undefined {
    if (!(timeout > 0) || signal?.aborted === true || !this.#transport.comesSoon()) return undefined;
    this.#breather.add(spinWeight);
    return this.#transport.tryReceive();
  }

  #isReady(): boolean {
    return this.#kept !== undefined || this.#isClosed || this.#transport.isReadable;
  }

  /** Why nothing comes any more. */
  #end(): Error {
    return this.#transport.failure ?? new EndOfFileError("Cannot receive: everything was received, and nobody has the other end any more");
  }

  #decode(frame: Incoming): T | Promise<T> {
    refuseBytes(frame);
    const { codec } = this.#transport;
    const ready = codec.prepare(frame);
    return ready === undefined ? (codec.decode(frame) as T) : ready.then(() => codec.decode(frame) as T);
  }

  #decodeSync(frame: Incoming): T {
    refuseBytes(frame);
    const { codec } = this.#transport;
    const ready = codec.prepare(frame);
    if (ready === undefined) return codec.decode(frame) as T;
    this.#kept = frame;
    // Whoever receives it next is told of the failure.
    ready.catch(() => {});
    throw new StateError("Cannot receive synchronously: the message needs modules that are not loaded yet; use recv() for it");
  }

  #refuseWriting(doing: string): void {
    if (this.#isClosed) throw new ClosedError(`Cannot ${doing}: the connection is closed`);
    if (!this.#access.canWrite) throw new StateError(`Cannot ${doing}: this end of the pipe only receives`);
    if (this.#transport.isPeerGone) throw nobodyThere();
  }

  #refuseReading(doing: string): void {
    if (this.#isClosed) throw new ClosedError(`Cannot ${doing}: the connection is closed`);
    if (!this.#access.canRead) throw new StateError(`Cannot ${doing}: this end of the pipe only sends`);
    if (this.#hasGivenUpReading) {
      throw new ClosedError(`Cannot ${doing}: a message was longer than maxLength, so the connection can no longer be read`);
    }
  }
}

const sent = Promise.resolve();
const noAttachments: readonly Uint8Array[] = [];
