/** The side of a connection between programs that comes to a listener. */
import { connect, type Socket } from "node:net";
import { StateError } from "../errors.js";
import { checkAddress, describeAddress, type Address, type NetworkAddress } from "./address.js";
import type { Connection } from "./connection.js";
import { checkAuthKey, greetListener, type AuthKey } from "./handshake.js";
import { socketConnection } from "./socket-transport.js";
import { checkTime, withinTime } from "./within-time.js";

export interface ClientOptions {
  /** What the listener has, too; text counts as its UTF-8 bytes. */
  readonly authKey?: AuthKey | undefined;
  /** How many milliseconds it may take to connect and to prove the key; 10 000 by default, `Infinity` for no limit. */
  readonly timeout?: number | undefined;
  /** Gives up connecting; later it does nothing. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to the `Listener` of another program. Resolves when both have proved their key, if there is one; the listener may
 * take the connection later, and gets what was sent before. What may be sent is described at `Listener`.
 *
 * Python: `multiprocessing.connection.Client`.
 *
 * @throws StateError when nobody listens there, or it cannot be reached; `cause` is the operating system's error.
 * @throws AuthenticationError when the listener has another key, or none, or a key and none was given, or is no `Listener`.
 * @throws ClosedError when the listener is closed meanwhile, or has more clients waiting than its backlog allows.
 * @throws TimeoutError when it did not answer in time; the signal's reason, when it is aborted.
 * @throws TypeError | RangeError when the address or an option is wrong.
 * @example
 * const listener = await Listener.listen();
 * const connection = await Client<string>(listener.address);
 * await connection.send("hello");
 * assert.equal(await (await listener.accept()).recv(), "hello");
 * listener.close();
 * await assert.rejects(Client(listener.address), StateError);
 */
export async function Client<T = unknown>(address: Address, { authKey, timeout, signal }: ClientOptions = {}): Promise<Connection<T>> {
  const target = checkAddress(address, "connect");
  const key = checkAuthKey(authKey, "connect");
  const limit = { timeout: checkTime(timeout, "connect: timeout"), signal, doing: `connect to ${describeAddress(target)}` };
  signal?.throwIfAborted();
  const socket = typeof target === "string" ? connect(target) : connect({ ...target, noDelay: true, keepAlive: true });
  try {
    await withinTime(socket, limit, greet(socket, { target, key }));
  } catch (error) {
    // What was written last is still to arrive: it says why.
    socket.destroySoon();
    throw error;
  }
  return socketConnection<T>(socket, { isTrusted: key !== undefined });
}

interface Target {
  readonly target: string | Required<NetworkAddress>;
  readonly key: Uint8Array | undefined;
}

async function greet(socket: Socket, { target, key }: Target): Promise<void> {
  await connected(socket, target);
  await greetListener(socket, key);
}

function connected(socket: Socket, target: string | Required<NetworkAddress>): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void =>
      reject(
        cause.syscall === undefined ? cause : new StateError(`Cannot connect to ${describeAddress(target)}: ${whyNot(cause)}`, { cause }),
      );
    socket.once("error", failed);
    socket.once("close", () => reject(new StateError(`Cannot connect to ${describeAddress(target)}: it was given up`)));
    socket.once("connect", () => {
      socket.removeListener("error", failed);
      resolve();
    });
  });
}

function whyNot({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "ENOENT":
      return "there is no such socket. Is the listener running?";
    case "ECONNREFUSED":
      return "nobody listens there. Is the listener running?";
    case "EACCES":
    case "EPERM":
      return "this user may not";
    case "ENOTFOUND":
      return "there is no host of that name";
    case "EINVAL":
    case "ENAMETOOLONG":
      return "that is no path of a socket, which has about a hundred bytes at most";
    default:
      return message;
  }
}
