/**
 * Puts a listening socket at a path: in place of a file that a killed listener left, never in place of one that listens.
 *
 *     lock     an abstract socket, whose name follows from the path: the kernel has it go with whoever holds it
 *     draft    FOLDER/.HASH, the socket until it listens
 *     path     the same socket, a second link
 *
 *  1. Whoever changes what is at the path holds its lock; so between the look and the change there is nobody else of ours.
 *  2. The socket listens before it is at the path: one that is found there and refuses is dead, and may be removed.
 *  3. `link` puts it there only if nothing is there. Killed before: a draft is left, which the next listener at that path
 *     removes; killed after: what (2) is about.
 *  4. A listener removes its path before it closes its socket, and only if that is its own: while it is there, and listens,
 *     nobody else touches it. Node itself removes the draft's name alone.
 *
 * Where there are no abstract sockets, two listeners that find the same dead file at the same moment may get in each other's way.
 */
import { linkSync, lstatSync, realpathSync, rmSync } from "node:fs";
import { connect, createServer, type ListenOptions, type Server } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { StateError } from "../errors.js";
import { Deadline } from "../memory/deadline.js";
import { killPoint } from "../memory/kill-point.js";
import { crypto } from "../platform/crypto.js";
import { hasAbstractSockets, longestSocketPathBytes } from "../platform/sockets.js";

/** How long another program may take to begin or end at the same path, in milliseconds. */
const lockPatienceMs = 10_000;

/** Dead files found one after the other: each is removed, so a second one is somebody else's at work. */
const mostTries = 8;

/**
 * Has `server` listen at `path`; resolves to what removes the path again.
 *
 * @throws RangeError when the path is too long; StateError when somebody listens there, or it is another file, or cannot be made.
 */
export async function listenAtPath(server: Server, path: string, backlog: number): Promise<() => void> {
  const place = placeOf(path);
  const unlock = await lock(place);
  try {
    rmSync(place.draft, { force: true });
    await listening(server, { path: place.draft, backlog });
    killPoint("listener.drafted");
    try {
      await publish(place);
    } catch (error) {
      server.close();
      throw error;
    } finally {
      rmSync(place.draft, { force: true });
    }
    return remover(place.path);
  } finally {
    unlock();
  }
}

/** Resolves when the server listens. @throws StateError when it cannot. */
export function listening(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((done, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      const where = options.path === undefined ? `${options.host} port ${options.port}` : JSON.stringify(options.path);
      reject(new StateError(`Cannot listen at ${where}: ${whyNot(cause)}`, { cause }));
    };
    server.once("error", failed);
    server.listen(options, () => {
      server.removeListener("error", failed);
      done();
    });
  });
}

interface Place {
  readonly path: string;
  readonly draft: string;
  readonly lockName: string;
}

function placeOf(given: string): Place {
  const wanted = resolve(given);
  let folder: string;
  try {
    folder = realpathSync(dirname(wanted));
  } catch (cause) {
    throw new StateError(`Cannot listen at ${JSON.stringify(given)}: there is no folder ${JSON.stringify(dirname(wanted))}`, { cause });
  }
  const path = join(folder, basename(wanted));
  const hash = crypto().createHash("sha256").update(path).digest("hex");
  const draft = join(folder, `.${hash.slice(0, 8)}`);
  for (const name of [path, draft]) {
    const sizeBytes = Buffer.byteLength(name);
    if (sizeBytes <= longestSocketPathBytes) continue;
    throw new RangeError(
      `Cannot listen at ${JSON.stringify(given)}: ${JSON.stringify(name)} has ${sizeBytes} bytes, and the path of a socket at most ` +
        `${longestSocketPathBytes}. Choose a folder nearer to the root`,
    );
  }
  return { path, draft, lockName: `\0manyhands-listener-${hash.slice(0, 32)}` };
}

/** Waits until nobody else is at work at the path; resolves to what lets the next one go on. */
async function lock({ path, lockName }: Place): Promise<() => void> {
  if (!hasAbstractSockets) return () => {};
  const deadline = new Deadline(lockPatienceMs, "listen");
  for (;;) {
    const holder = createServer();
    const waiting = new Set<{ destroy(): void }>();
    holder.on("connection", (socket) => waiting.add(socket.on("error", () => {})));
    if (await isOurs(holder, lockName)) {
      return () => {
        holder.close();
        for (const socket of waiting) socket.destroy();
      };
    }
    if (deadline.remaining <= 0) {
      throw new StateError(`Cannot listen at ${JSON.stringify(path)}: another program has been about to for ${lockPatienceMs / 1000} s`);
    }
    await untilReleased(lockName, deadline);
  }
}

function isOurs(holder: Server, name: string): Promise<boolean> {
  return new Promise((done, reject) => {
    holder.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") done(false);
      else reject(new StateError(`Cannot listen: ${error.message}`, { cause: error }));
    });
    holder.listen({ path: name, exclusive: true }, () => done(true));
  });
}

/** The kernel ends the connection when the holder is done, or dead. */
function untilReleased(name: string, deadline: Deadline): Promise<void> {
  return new Promise((done) => {
    const socket = connect(name);
    const timer = setTimeout(() => socket.destroy(), deadline.remaining);
    socket.on("error", () => {});
    socket.resume();
    socket.once("close", () => {
      clearTimeout(timer);
      done();
    });
  });
}

/** Gives the draft its path. */
async function publish({ path, draft }: Place): Promise<void> {
  for (let tries = 0; tries < mostTries; tries++) {
    try {
      linkSync(draft, path);
      killPoint("listener.published");
      return;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw new StateError(`Cannot listen at ${JSON.stringify(path)}: ${whyNot(error)}`, { cause: error });
    }
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false) {
      throw new StateError(
        `Cannot listen at ${JSON.stringify(path)}: there is a file that is no socket. Remove it, or choose another path`,
      );
    }
    if (await isAlive(path)) throw new StateError(`Cannot listen at ${JSON.stringify(path)}: somebody listens there already`);
    killPoint("listener.found-dead");
    rmSync(path, { force: true });
    killPoint("listener.removed-dead");
  }
  throw new StateError(`Cannot listen at ${JSON.stringify(path)}: other programs make and leave sockets there all the time`);
}

/** Whether somebody listens at a path. One that cannot be asked counts as alive. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => done(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"));
  });
}

function remover(path: string): () => void {
  const own = lstatSync(path, { bigint: true });
  return () => {
    const now = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (now?.ino === own.ino && now.dev === own.dev) rmSync(path, { force: true });
  };
}

function whyNot(error: unknown): string {
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return "somebody listens there already";
    case "EACCES":
    case "EPERM":
      return "this user may not";
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return "this machine does not have that address";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
