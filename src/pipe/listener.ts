/**
 * Where unrelated programs connect.
 *
 *     a socket is accepted ──▶ handshake ──▶ outcome ──▶ `accept`
 *                                 │
 *                                 └──▶ the peer left, or said nothing for too long: nobody is told
 *
 *  1. Handshakes go on by themselves, side by side: a client that says nothing holds up no other.
 *  2. No more than `backlog` sockets are in a handshake or wait for `accept`; who comes then is told so, and may try again.
 *  3. A listener keeps the event loop alive only while somebody waits in `accept` or `wait`.
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { AuthenticationError, ClosedError, ResourceLimitError, TimeoutError } from "../errors.js";
import { Deadline } from "../memory/deadline.js";
import { membership } from "../memory/membership.js";
import { readiness, type CanBeReady, type Readiness } from "../memory/readiness.js";
import { hasCleaner, isRoot, makeFolder, session } from "../memory/session.js";
import { crypto } from "../platform/crypto.js";
import type { WaitOptions } from "../memory/waitable.js";
import { checkAddress, type Address, type NetworkAddress } from "./address.js";
import { Changes } from "./changes.js";
import type { Connection } from "./connection.js";
import { checkAuthKey, welcomeClient, type AuthKey } from "./handshake.js";
import { listenAtPath, listening } from "./socket-path.js";
import { socketConnection } from "./socket-transport.js";
import { checkTime, withinTime } from "./within-time.js";

export interface ListenerOptions {
  /** What both sides must have; text counts as its UTF-8 bytes. Without a key everybody is let in who can reach the address. */
  readonly authKey?: AuthKey | undefined;
  /** How many clients may be about to connect, or wait for `accept`; 128 by default. */
  readonly backlog?: number | undefined;
  /** How many milliseconds a client has to prove itself; 10 000 by default. */
  readonly handshakeTimeout?: number | undefined;
}

interface Arrival<T> {
  readonly connection: Connection<T>;
  readonly from: Address;
}

/** What it takes to listen. */
interface Listening {
  readonly server: Server;
  readonly address: Address;
  readonly removePath: () => void;
  readonly key: Uint8Array | undefined;
  readonly backlog: number;
  readonly handshakeTimeout: number;
}

/**
 * Lets other programs connect, which need not be related to this one: `Client` is their side.
 *
 * At a path, it is reached by programs on this machine whose user may write to the socket file: by default those of the same
 * user. The file goes when the listener is closed, or the program ends; after SIGKILL it stays, and the next listener at that
 * path takes its place. One that listens is never displaced. At a host and port, whoever reaches those may connect: give an
 * `authKey`. It is proved, not sent, by both sides; but it does not encrypt what follows.
 *
 * Values are copied. SharedMemory travels by its name; other shared objects belong to one program, and are refused. Functions
 * and classes travel only when both sides have the same `authKey`, since who can send a function can have it run.
 *
 * Python: `multiprocessing.connection.Listener`, which answers one client at a time.
 *
 * @example
 * using listener = await Listener.listen(undefined, { authKey: "a secret" });
 * const [here, there] = await Promise.all([listener.accept(), Client(listener.address, { authKey: "a secret" })]);
 * await there.send({ hello: "listener" });
 * assert.deepEqual(await here.recv(), { hello: "listener" });
 */
export class Listener<T = unknown> implements CanBeReady, Disposable {
  readonly #listening: Listening;
  /** Clients that are not yet through the handshake. */
  readonly #greeting = new Set<Socket>();
  readonly #arrivals: Arrival<T>[] = [];
  /** Why clients were not let in: for `accept`. */
  readonly #refusals: Error[] = [];
  readonly #changes: Changes;
  #lastAccepted: Address | undefined;
  #isClosed = false;

  private constructor(parts: Listening) {
    this.#listening = parts;
    const { server } = parts;
    this.#changes = new Changes((isAwaited) => (isAwaited ? server.ref() : server.unref()));
    server.unref();
    server.on("connection", (socket) => this.#greet(socket));
    server.on("error", (cause: Error) => this.#refuse(new ResourceLimitError(`Cannot accept a connection: ${cause.message}`, { cause })));
    open.add(this);
  }

  /**
   * Starts to listen at a path, or at a host and port; by default at a path of its own, which only this user reaches.
   *
   * @throws StateError when somebody listens there, or the address cannot be had; `cause` is the operating system's error.
   * @throws TypeError | RangeError when the address, the key or an option is wrong.
   */
  static async listen<T = unknown>(address?: Address, options: ListenerOptions = {}): Promise<Listener<T>> {
    const wanted = address === undefined ? ownPath() : checkAddress(address, "listen");
    const key = checkAuthKey(options.authKey, "listen");
    const backlog = checkBacklog(options.backlog);
    const handshakeTimeout = checkTime(options.handshakeTimeout, "listen: handshakeTimeout");
    const server = createServer({ noDelay: true, keepAlive: true });
    const parts = { server, key, backlog, handshakeTimeout };
    if (typeof wanted === "string") {
      return new Listener<T>({ ...parts, address: wanted, removePath: await startAtPath(server, wanted, backlog) });
    }
    await listening(server, { ...wanted, backlog });
    const { port } = server.address() as AddressInfo;
    return new Listener<T>({ ...parts, address: { host: wanted.host, port }, removePath: () => {} });
  }

  /** Where it listens, with the port it was given; for `Client`. Python: `address`. */
  get address(): Address {
    return this.#listening.address;
  }

  /**
   * Where the connection came from that `accept` returned last: host and port, or for a socket file the empty path; before the
   * first, `undefined`. Python: `last_accepted`.
   */
  get lastAccepted(): Address | undefined {
    return this.#lastAccepted;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#isClosed;
  }

  /**
   * Waits for the next client, and returns the connection to it. Those that leave, or say nothing, before they have proved
   * themselves are not heard of. Python: `accept()`; there is no synchronous spelling, since sockets need the event loop.
   *
   * @throws AuthenticationError when a client had another key, or none, or speaks another protocol; the listener goes on.
   * @throws ClosedError when the listener is closed, also meanwhile.
   * @throws ResourceLimitError when the operating system has no room for another socket.
   * @throws TimeoutError when nobody came in time; the signal's reason, when it is aborted.
   */
  async accept({ timeout, signal }: WaitOptions = {}): Promise<Connection<T>> {
    const deadline = new Deadline(timeout, "accept");
    signal?.throwIfAborted();
    for (;;) {
      if (this.#isClosed) throw new ClosedError("Cannot accept a connection: the listener is closed");
      const refusal = this.#refusals.shift();
      if (refusal !== undefined) throw refusal;
      const connection = this.#take();
      if (connection !== undefined) return connection;
      if (!(await this.#changes.next(deadline, signal)) && !this.#hasOutcome) {
        throw new TimeoutError(`Cannot accept a connection: nobody came within ${timeout} ms`, timeout);
      }
    }
  }

  /** The connections that come, until the listener is closed. Clients that are not let in do not end it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Connection<T>, void, undefined> {
    while (!this.#isClosed) {
      this.#refusals.length = 0;
      const connection = this.#take();
      if (connection !== undefined) yield connection;
      else await this.#changes.next(new Deadline(undefined, "accept"), undefined);
    }
  }

  /**
   * Listens no more: the address is free, pending calls fail, and clients that wait are let go. Connections that were accepted
   * stay. Further calls do nothing. Python: `close()`.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    open.delete(this);
    this.#listening.removePath();
    this.#listening.server.close();
    for (const socket of this.#greeting) socket.destroy();
    for (const { connection } of this.#arrivals.splice(0)) connection.close();
    this.#refusals.length = 0;
    this.#changes.announce();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** For `wait`: a listener is ready when `accept` would not wait. */
  [readiness](): Readiness {
    if (this.#isClosed) throw new ClosedError("Cannot wait for a listener: it is closed");
    const isReady = (): boolean => this.#hasOutcome || this.#isClosed;
    return {
      get isReady() {
        return isReady();
      },
      whenReady: (signal) => this.#changes.next(new Deadline(undefined, "wait"), signal),
    };
  }

  get #hasOutcome(): boolean {
    return this.#arrivals.length > 0 || this.#refusals.length > 0;
  }

  #take(): Connection<T> | undefined {
    const arrival = this.#arrivals.shift();
    if (arrival === undefined) return undefined;
    this.#lastAccepted = arrival.from;
    return arrival.connection;
  }

  #greet(socket: Socket): void {
    const { key, backlog, handshakeTimeout } = this.#listening;
    const isBusy = this.#greeting.size + this.#arrivals.length >= backlog;
    const from = addressOf(socket);
    this.#greeting.add(socket);
    socket.unref();
    withinTime(socket, { timeout: handshakeTimeout, doing: "accept a connection" }, welcomeClient(socket, key, { isBusy })).then(
      () => this.#welcome(socket, from),
      (error: unknown) => this.#dismiss(socket, error),
    );
  }

  #welcome(socket: Socket, from: Address): void {
    this.#greeting.delete(socket);
    const connection = socketConnection<T>(socket, { isTrusted: this.#listening.key !== undefined });
    if (this.#isClosed) return connection.close();
    this.#arrivals.push({ connection, from });
    this.#changes.announce();
  }

  #dismiss(socket: Socket, error: unknown): void {
    this.#greeting.delete(socket);
    socket.destroySoon();
    if (error instanceof AuthenticationError) this.#refuse(error);
  }

  #refuse(error: Error): void {
    if (this.#isClosed) return;
    this.#refusals.push(error);
    // Nobody is in `accept`, and strangers keep trying: the last ones are told of.
    if (this.#refusals.length > this.#listening.backlog) this.#refusals.shift();
    this.#changes.announce();
  }
}

const defaultBacklog = 128;

/** Those whose files go when the program ends. */
const open = new Set<{ close(): void }>();
let closesAtExit = false;

async function startAtPath(server: Server, path: string, backlog: number): Promise<() => void> {
  if (!closesAtExit) {
    closesAtExit = true;
    process.on("exit", () => {
      for (const listener of open) listener.close();
    });
  }
  if (!path.startsWith("\0")) return listenAtPath(server, path, backlog);
  await listening(server, { path, backlog });
  return () => {};
}

/** A path in the folder of the session, which is swept whoever is killed. */
function ownPath(): string {
  const { folder } = session();
  if (!(isRoot(session()) && hasCleaner())) membership();
  makeFolder(folder);
  return join(folder, `listener-${crypto().randomBytes(6).toString("hex")}`);
}

function addressOf({ remoteAddress: host, remotePort: port }: Socket): Address {
  return host === undefined || port === undefined ? "" : ({ host, port } satisfies NetworkAddress);
}

function checkBacklog(backlog: unknown = defaultBacklog): number {
  if (typeof backlog !== "number") throw new TypeError(`Cannot listen: the backlog must be a number, not ${typeof backlog}`);
  if (!Number.isInteger(backlog) || backlog < 1)
    throw new RangeError(`Cannot listen: the backlog ${backlog} is not a whole number from 1 on`);
  return backlog;
}
