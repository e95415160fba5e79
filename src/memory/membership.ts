/** This thread's place in its session: joined at the first need, left when the thread or process ends. */
import { isMainThread } from "node:worker_threads";
import { ResourceLimitError } from "../errors.js";
import { isTaskAlive } from "../platform/liveness.js";
import { native } from "../platform/native.js";
import { makeRoom } from "./burial.js";
import { Bells, OwnBell } from "./doorbell.js";
import { isMadeInThread, oneAThread } from "./one-a-thread.js";
import { maxParticipants, Registry, type Participant } from "./registry.js";
import { hasCleaner, isRoot, makeFolder, removeFolders, session, type Session } from "./session.js";
import { WaitTable } from "./wait-table.js";

/** Something whose asynchronous waits the doorbell may concern. */
export interface Ringable {
  /** Somebody rang: settle those waits whose time has come. */
  rung(): void;
}

export class Membership {
  readonly session: Session;
  readonly registry: Registry;
  readonly waitTable: WaitTable;
  readonly self: Participant;
  readonly bells: Bells;
  readonly #waiting = new Set<Ringable>();
  readonly #leaving: (() => void)[] = [];
  #ownBell: OwnBell | undefined;
  #refs = 0;

  constructor(mine: Session) {
    this.session = mine;
    makeFolder(mine.folder);
    this.registry = Registry.open(mine.folder);
    this.waitTable = new WaitTable(this.registry.int32, this.registry.waitTable);
    const self = this.registry.claim() ?? makeRoom(this);
    if (self === undefined) {
      throw new ResourceLimitError(
        `Cannot share memory: ${maxParticipants} processes and threads of this program do already, and that is the limit.`,
      );
    }
    this.self = self;
    this.bells = new Bells(mine.folder, (id) => this.registry.isListed(id));
    process.on("exit", () => this.#leave());
  }

  /** Has `ringable` told when the doorbell rings, until `stopWaiting`. */
  startWaiting(ringable: Ringable): void {
    this.#ownBell ??= new OwnBell(this.session.folder, this.self.id, () => this.#rung());
    if (this.#refs > 0) this.#ownBell.ref();
    this.#waiting.add(ringable);
  }

  stopWaiting(ringable: Ringable): void {
    this.#waiting.delete(ringable);
  }

  /** Has the doorbell keep the event loop alive, until as many calls of `unref`. */
  ref(): void {
    if (this.#refs++ === 0) this.#ownBell?.ref();
  }

  unref(): void {
    if (--this.#refs === 0) this.#ownBell?.unref();
  }

  /** Has `callback` called when this thread leaves the session, to give back what it holds. */
  onLeave(callback: () => void): void {
    this.#leaving.push(callback);
  }

  #rung(): void {
    for (const ringable of [...this.#waiting]) ringable.rung();
  }

  #leave(): void {
    // The root's end is the session's: its folders go at once (session.ts), and with them everything there is to give back.
    if (isRoot(this.session) && isMainThread) return;
    for (const giveBack of this.#leaving) giveBack();
    this.waitTable.forget(this.self.id);
    this.#ownBell?.remove();
    this.registry.free(this.self);
    const isAbandoned = isRoot(this.session) ? !hasCleaner() && this.registry.participants().length === 0 : !isTaskAlive(this.session.root);
    if (isAbandoned) removeFolders(this.session);
  }
}

let joined: Membership | undefined;

/**
 * This thread's membership. The first call joins: a few hundred microseconds, and once the loading of the native functions.
 *
 * @throws UnsupportedError where memory cannot be shared between processes.
 */
export function membership(): Membership {
  // Before a folder is made in vain.
  if (joined === undefined) native();
  return (joined ??= oneAThread("membership", () => new Membership(session())));
}

/** Whether this thread has joined its session. */
export function isMember(): boolean {
  return isMadeInThread("membership");
}
