/**
 * A connection over a socket, between programs that share no memory.
 *
 *  1. What the other side sent before it ended, or died, is received before the end: a write that fails says nothing to the
 *     reading side of the socket, which goes on to its own end.
 *  2. A message that was begun is written whole, whatever ends the wait of its sender; one that was not begun is not sent.
 *  3. A message of which only a part came, since its sender was killed, is dropped, and the end that follows says so.
 *  4. The reading side stops while much has come that nobody has taken: then the sender's side fills up, and its `send` waits.
 *  5. The socket keeps the event loop alive only while somebody waits, or something is still to be written.
 */
import type { Socket } from "node:net";
import { DecodeError, EndOfFileError, UnsupportedError } from "../errors.js";
import type { Deadline } from "../memory/deadline.js";
import type { Handle } from "../memory/handle.js";
import { killPoint } from "../memory/kill-point.js";
import type { Codec } from "../wire/codec.js";
import type { Encoded } from "../wire/extension.js";
import { Changes } from "./changes.js";
import { Connection } from "./connection.js";
import { programCodec } from "./program-codec.js";
import { joinedMessage, messageHeader, MessageReader } from "./socket-messages.js";
import type { Incoming, SendOutcome, Tag, Transport, TransportWait } from "./transport.js";

/** Messages up to this many bytes are copied, and written at once. */
const joinLimitBytes = 64 << 10;

/** So many bytes of messages may have come that nobody has taken yet. */
const inboxLimitBytes = 256 << 10;

/** For so many milliseconds a closed side takes what still comes, so that what it sent is not thrown away with it. */
const lingerMs = 2_000;

/** A connection over a socket whose handshake is done, which is its own from now on. */
export function socketConnection<T>(socket: Socket, { isTrusted }: { readonly isTrusted: boolean }): Connection<T> {
  const transport = new SocketTransport(socket, programCodec({ isTrusted }));
  const connection = new Connection<T>(transport, { canRead: true, canWrite: true });
  dropped.register(connection, transport);
  return connection;
}

/** Whoever drops a connection has closed it. */
const dropped = new FinalizationRegistry<SocketTransport>((transport) => transport.close());

class SocketTransport implements Transport {
  readonly codec: Codec;
  readonly #socket: Socket;
  readonly #reader: MessageReader;
  /** What has come and was not taken, from `#taken` on. */
  #inbox: Incoming[] = [];
  #taken = 0;
  #inboxBytes = 0;
  readonly #incoming: Changes;
  readonly #outgoing: Changes;
  #refs = 0;
  #isClosed = false;
  /** Nothing more comes. */
  #hasEnded = false;
  /** Nothing can be written any more. */
  #isDeaf = false;
  #failure: Error | undefined;

  constructor(socket: Socket, codec: Codec) {
    this.codec = codec;
    this.#socket = socket;
    const keepAlive = (isAwaited: boolean): void => this.#keepAlive(isAwaited);
    this.#incoming = new Changes(keepAlive);
    this.#outgoing = new Changes(keepAlive);
    this.#reader = new MessageReader((message) => {
      this.#inbox.push(message);
      this.#inboxBytes += sizeOf(message);
    });
    socket.unref();
    surviveFailedWrites(socket, () => {
      this.#isDeaf = true;
      this.#outgoing.announce();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => this.#broke(error));
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#end());
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    if (socket.destroyed) this.#end();
  }

  get isPeerGone(): boolean {
    return this.#hasEnded || this.#isDeaf || this.#isClosed;
  }

  get isReadable(): boolean {
    return this.#taken < this.#inbox.length || this.#hasEnded;
  }

  get hasEnded(): boolean {
    return this.#hasEnded && this.#taken === this.#inbox.length;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  trySend(message: Encoded, tag: Tag): boolean {
    if (this.isPeerGone || this.#socket.writableLength > 0) return false;
    if (message.attachments.length > 0 || message.body.length > joinLimitBytes) return false;
    this.#socket.write(joinedMessage(message, tag), this.#hasWritten);
    return true;
  }

  async send(message: Encoded, tag: Tag, { deadline, signal }: TransportWait): Promise<SendOutcome> {
    while (this.#socket.writableLength > 0 && !this.isPeerGone) {
      if (!(await this.#outgoing.next(deadline, signal))) return "late";
    }
    signal?.throwIfAborted();
    if (this.isPeerGone) return "gone";
    const progress = { isWritten: false };
    this.#write(message, tag, () => {
      progress.isWritten = true;
      this.#outgoing.announce();
    });
    while (!progress.isWritten && !this.isPeerGone) {
      // It is on its way: the end of the wait does not call it back.
      if (!(await this.#outgoing.next(deadline, signal).catch(() => false))) break;
    }
    return "sent";
  }

  sendSync(): SendOutcome {
    throw new UnsupportedError("Cannot send synchronously: a connection to another program writes through the event loop; use send()");
  }

  tryReceive(): Incoming | undefined {
    const message = this.#inbox[this.#taken];
    if (message === undefined) return undefined;
    this.#inboxBytes -= sizeOf(message);
    if (++this.#taken === this.#inbox.length) {
      this.#inbox = [];
      this.#taken = 0;
    }
    if (this.#inboxBytes <= inboxLimitBytes / 2 && this.#socket.isPaused()) this.#socket.resume();
    return message;
  }

  /** What comes is read by the event loop. */
  comesSoon(): boolean {
    return false;
  }

  async untilReadable({ deadline, signal }: TransportWait): Promise<boolean> {
    while (!this.isReadable && !this.#isClosed) {
      if (!(await this.#incoming.next(deadline, signal))) return this.isReadable;
    }
    return true;
  }

  untilReadableSync(deadline: Deadline): boolean {
    if (this.isReadable) return true;
    if (deadline.remaining <= 0) return false;
    throw new UnsupportedError(
      "Cannot receive synchronously: nothing has come yet, and a connection to another program reads through the event loop; use recv()",
    );
  }

  attend(): void {}

  handleFor(): Handle {
    throw new UnsupportedError("a connection to another program belongs to this process; send the listener's address instead");
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#inbox = [];
    this.#taken = 0;
    this.#incoming.announce();
    this.#outgoing.announce();
    this.#linger();
  }

  #write({ body, attachments }: Encoded, tag: Tag, onWritten: () => void): void {
    const socket = this.#socket;
    const pieces =
      attachments.length === 0 && body.length <= joinLimitBytes
        ? [joinedMessage({ body, attachments }, tag)]
        : [messageHeader({ body, attachments }, tag), body, ...attachments];
    const written = pieces.filter((piece) => piece.length > 0);
    socket.cork();
    for (const [index, piece] of written.entries()) socket.write(piece, index === written.length - 1 ? onWritten : undefined);
    socket.uncork();
    killPoint("socket.writing");
  }

  readonly #hasWritten = (): void => this.#outgoing.announce();

  #read(chunk: Buffer): void {
    if (this.#isClosed || this.#hasEnded) return;
    const before = this.#inbox.length;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#failure = error;
      this.#hasEnded = true;
      this.#socket.destroy();
    }
    if (this.#inboxBytes > inboxLimitBytes) this.#socket.pause();
    if (this.#inbox.length > before || this.#hasEnded) this.#incoming.announce();
  }

  #broke(error: NodeJS.ErrnoException): void {
    // What came before the error and was held back.
    for (let chunk: unknown = this.#socket.read(); chunk !== null; chunk = this.#socket.read()) this.#read(chunk as Buffer);
    if (!peerIsGone.has(error.code ?? "")) {
      this.#failure ??= new EndOfFileError(`Cannot receive: the connection broke (${error.code ?? error.message})`, { cause: error });
    }
    this.#end();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#reader.isWithin) {
      this.#failure ??= new EndOfFileError("Cannot receive: the other program ended in the middle of a message, which is lost");
    }
    this.#incoming.announce();
    this.#outgoing.announce();
  }

  /** Ends this side once everything is written, and the other when it has ended, too, or after a while. */
  #linger(): void {
    const socket = this.#socket;
    socket.resume();
    socket.end(() => {
      if (socket.destroyed) return;
      const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
      socket.once("close", () => clearTimeout(timer));
    });
  }

  #keepAlive(isAwaited: boolean): void {
    this.#refs += isAwaited ? 1 : -1;
    if (isAwaited && this.#refs === 1) this.#socket.ref();
    else if (this.#refs === 0) this.#socket.unref();
  }
}

/**
 * Keeps a socket open when it can no longer be written: there may be something to read. Node would destroy it, with what the
 * kernel still has.
 */
function surviveFailedWrites(socket: Socket, onFailed: () => void): void {
  const survive = (callback: (error?: Error | null) => void) => (error?: Error | null) => {
    if (error !== undefined && error !== null) onFailed();
    callback();
  };
  /* oxlint-disable no-underscore-dangle -- that is how Node names what a stream is made of */
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, callback) => write(chunk, encoding, survive(callback));
  if (writev !== undefined) socket._writev = (chunks, callback) => writev(chunks, survive(callback));
  /* oxlint-enable no-underscore-dangle */
}

/** How a socket says that the process at its other end is gone. */
const peerIsGone: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "ECONNABORTED", "ERR_STREAM_DESTROYED", "EOF"]);

function sizeOf({ body, attachments }: Incoming): number {
  // An object and its buffer cost something, too.
  return attachments.reduce((sum, attachment) => sum + attachment.length, body.length + 128);
}
