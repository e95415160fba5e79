/**
 * Who is alive among the threads of one process, where the operating system cannot be asked (thread-block.ts). One table for
 * a thread that was not started by this library, the root, and all that are started below it, which get the table at their start.
 *
 *     word 0        the last id given to a thread                         add, by whoever starts one
 *     word 1        the last number given to a block                      add
 *     then          1024 slots of 4 words, one a thread that was started:
 *        0  id of the thread that started it, 0 when the slot is free     compare-exchange 0 -> id by that one
 *        1  its own id                                                    the same
 *        2  1 once it has begun to end by itself                          the thread
 *        3  id of the last one in this slot that was killed               `buried`
 *
 *  1. The root has the id 1 and no slot: when it ends, Node ends all threads below it, and nobody is left to ask.
 *  2. A thread is entered before it is started, and leaves the table when it has ended: its starter hears so, or finds that
 *     its lifeline is cut. Until then it counts as alive, also when it has been told to end: it may still run.
 *  3. Node ends the threads below one that ends, and nobody hears of them: they are buried with it. Whoever started a thread
 *     changes its slot while alive; when dead, the next one above does: so a slot is changed by one thread at a time.
 *     A starter that is killed after word 0 and before word 1 leaves a slot that goes with it.
 *  4. A thread that waits without its event loop hears of no end. So each thread has a lifeline, a port whose other side
 *     nobody uses: Node closes it when the thread runs no more, and the starter can look at it at any time.
 *  5. Whom a thread started is known to be dead once that thread, or one above it, has looked. A starter that runs for long
 *     without waiting for anything keeps others from knowing.
 */
import { MessageChannel, MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { WorkerStartError } from "../errors.js";

/** What a thread is given at its start: its place in the table. */
export interface Seat {
  readonly table: SharedArrayBuffer;
  readonly id: number;
  readonly lifeline: MessagePort;
}

/** How many threads one program can have below its root at a time. */
export const maxThreads = 1024;

const lastId = 0;
const lastBlock = 1;
const firstSlot = 16;
const slotWords = 4;
const tableWords = firstSlot + maxThreads * slotWords;
const rootId = 1;

const starterAt = 0;
const idAt = 1;
const leavingAt = 2;
const killedAt = 3;

/** This thread's view of the table. */
export class ThreadTable {
  readonly self: number;
  readonly #memory: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  /** Of the threads that this one started. */
  readonly #lifelines = new Map<number, Lifeline>();
  #tells = false;

  constructor(seat: Pick<Seat, "table" | "id"> | undefined) {
    this.#memory = seat?.table ?? new SharedArrayBuffer(tableWords * 4);
    this.#words = new Int32Array(this.#memory);
    this.self = seat?.id ?? rootId;
    if (seat === undefined) this.#words[lastId] = rootId;
  }

  /** Enters a thread that is about to be started. Its lifeline is to be transferred to it. @throws WorkerStartError when there is no room. */
  enter(): Seat {
    const at = this.#claim();
    const id = Atomics.add(this.#words, lastId, 1) + 1;
    Atomics.store(this.#words, at + leavingAt, 0);
    Atomics.store(this.#words, at + idAt, id);
    const { port1, port2 } = new MessageChannel();
    this.#lifelines.set(id, new Lifeline(port1));
    return { table: this.#memory, id, lifeline: port2 };
  }

  /** Takes a thread that has ended, or was never started, and all below it out of the table. Once more is as good as once. */
  bury(id: number): void {
    this.#lifelines.get(id)?.close();
    this.#lifelines.delete(id);
    const at = this.#find(id);
    if (at !== undefined) this.#buried(at, id);
  }

  /** For what this thread is about to hold: it tells the others when it ends by itself. */
  asHolders(): this {
    const at = this.#find(this.self);
    if (at !== undefined && !this.#tells) {
      this.#tells = true;
      process.on("exit", () => Atomics.store(this.#words, at + leavingAt, 1));
    }
    return this;
  }

  isGone(id: number): boolean {
    if (id === rootId || id === this.self) return false;
    this.#look(id);
    const at = this.#find(id);
    return at === undefined || Atomics.load(this.#words, at + leavingAt) === 1;
  }

  wasKilled(id: number): boolean {
    this.#look(id);
    for (let at = firstSlot; at < tableWords; at += slotWords) if (Atomics.load(this.#words, at + killedAt) === id) return true;
    return false;
  }

  /** A number that no block of these threads had before. */
  nextBlock(): number {
    return (Atomics.add(this.#words, lastBlock, 1) + 1) >>> 0;
  }

  /** Looks at the lifeline of the thread, or of the one above it that this thread started. */
  #look(id: number): void {
    let above = id;
    while (above > rootId) {
      const at = this.#find(above);
      if (at === undefined) return;
      if (this.#lifelines.get(above)?.isCut === true) return this.bury(above);
      const starter = Atomics.load(this.#words, at + starterAt);
      // Whoever starts a thread is older than it. If not so here, the slot has been freed, or given to another, since it was found.
      if (starter >= above) return;
      above = starter;
    }
  }

  #claim(): number {
    for (let at = firstSlot; at < tableWords; at += slotWords) {
      if (Atomics.compareExchange(this.#words, at + starterAt, 0, this.self) === 0) return at;
    }
    throw new WorkerStartError(`Cannot start a thread: this program runs ${maxThreads} of them, and that is the limit`);
  }

  #find(id: number): number | undefined {
    for (let at = firstSlot; at < tableWords; at += slotWords) if (Atomics.load(this.#words, at + idAt) === id) return at;
    return undefined;
  }

  #buried(at: number, id: number): void {
    // Without an id: whoever started it was killed before it gave it one.
    if (id !== 0) this.#buryBelow(id);
    if (Atomics.load(this.#words, at + leavingAt) === 0) Atomics.store(this.#words, at + killedAt, id);
    Atomics.store(this.#words, at + idAt, 0);
    Atomics.store(this.#words, at + starterAt, 0);
  }

  #buryBelow(id: number): void {
    for (let at = firstSlot; at < tableWords; at += slotWords) {
      if (Atomics.load(this.#words, at + starterAt) === id) this.#buried(at, Atomics.load(this.#words, at + idAt));
    }
  }
}

/** This side of a lifeline. */
class Lifeline {
  #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /**
   * Whether the other side is closed. A port says so at its next turn only, but at once it can be received from, which takes
   * notice of the end, and sent, which a closed one cannot be: so it is sent to and fro.
   */
  get isCut(): boolean {
    receiveMessageOnPort(this.#port);
    const { port1, port2 } = (mail ??= new MessageChannel());
    try {
      port1.postMessage(this.#port, [this.#port]);
    } catch {
      return true;
    }
    const received: unknown = receiveMessageOnPort(port2)?.message;
    if (received instanceof MessagePort) this.#port = received;
    return false;
  }

  close(): void {
    this.#port.close();
  }
}

/** Through which this thread sends ports to itself. */
let mail: MessageChannel | undefined;

const key = Symbol.for("manyhands.threads");

/** The table of this thread: one, even when two copies of the library are loaded in it. */
export function threadTable(): ThreadTable {
  const holder = globalThis as { [key]?: ThreadTable };
  return (holder[key] ??= new ThreadTable(seatIn(workerData)));
}

/** What a thread that this library started was given; others are roots. */
function seatIn(data: unknown): Pick<Seat, "table" | "id"> | undefined {
  if (typeof data !== "object" || data === null || !("seat" in data)) return undefined;
  const { seat } = data;
  if (typeof seat !== "object" || seat === null || !("table" in seat && "id" in seat)) return undefined;
  return seat.table instanceof SharedArrayBuffer && typeof seat.id === "number" ? { table: seat.table, id: seat.id } : undefined;
}
