/** A queue that processes and threads share. */
import { ClosedError, EmptyError, FullError, StateError } from "../errors.js";
import { Deadline } from "../memory/deadline.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { attendMs } from "../memory/holders.js";
import { Identities } from "../memory/identities.js";
import { Turns } from "../memory/turns.js";
import type { WaitOptions } from "../memory/waitable.js";
import { messageCodec } from "../ship/codec.js";
import type { Taken } from "./item-chain.js";
import { Lease, type LeaseEnds } from "./lease.js";
import type { Entry } from "./leases.js";
import { isReady, keep, kept, messageOf, reclaim } from "./message.js";
import { checkMaxSize, type QueueOptions } from "./options.js";
import { readStored, toPayload, type Payload } from "./payload.js";
import { SharedQueue } from "./shared-queue.js";

type SyncOptions = Pick<WaitOptions, "timeout">;

/**
 * A queue: any number of processes and threads put items, any number take them, first in, first out.
 *
 * An item is encoded when it is put: what is changed afterwards arrives as it was, and what cannot be sent is refused there.
 * Items of one producer arrive in the order in which its calls began to put; each goes to one consumer. Without `maxSize` a
 * put never waits, however much nobody has taken yet, so whoever has put may end before anybody takes.
 *
 * A producer or consumer that is killed loses at most the item it was about to put, or had taken, and holds up nobody.
 * The queue travels: as an argument, a result, an item on a queue, or a captured variable. Its items live as long as any
 * process has it.
 *
 * Python: `multiprocessing.Queue`. There is no feeder thread, so nothing to flush or to join; `size` is exact.
 *
 * @example
 * const queue = new Queue<string>();
 * await queue.put("first");
 * queue.putSync("second");
 * assert.equal(queue.size, 2);
 * assert.equal(await queue.get(), "first");
 * assert.equal(queue.getSync(), "second");
 * assert.throws(() => queue.tryGet(), EmptyError);
 */
export class Queue<T = unknown> implements Shareable, AsyncIterable<T> {
  readonly #shared: SharedQueue;
  readonly #puts = new Turns();
  readonly #gets = new Turns();
  #isClosed = false;
  /** Wakes iterations of this object when it is closed. */
  readonly #closing = new Set<() => void>();

  /**
   * Makes an empty queue.
   *
   * @throws TypeError | RangeError when `maxSize` is not a whole number from 0 to 2^31 - 1, or `Infinity`.
   * @throws UnsupportedError where memory cannot be shared between processes.
   * @throws ResourceLimitError when the machine cannot back the memory.
   */
  constructor(options?: QueueOptions);
  constructor(options: QueueOptions | SharedQueue = {}) {
    this.#shared = options instanceof SharedQueue ? options : SharedQueue.allocate(checkMaxSize(options), { isCounted: false });
  }

  /** How many items there are at this moment. Python: `qsize()`. */
  get size(): number {
    return this.#shared.size;
  }

  /** Whether there is no item at this moment. Python: `empty()`. */
  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** Whether there are `maxSize` items at this moment. Python: `full()`. */
  get isFull(): boolean {
    return this.#shared.isFull;
  }

  /**
   * Puts an item, and waits for room without blocking the event loop. It is encoded at once, also when it has to wait.
   *
   * @throws FullError when the time is over before there was room; `value` is the item.
   * @throws ClosedError when this queue was closed here, or shut down.
   * @throws EncodeError | NotShippableError when the item cannot be sent.
   * @throws ResourceLimitError when the machine cannot back the item.
   * @throws the signal's reason, when it is aborted; nothing is put then.
   */
  async put(item: T, options: WaitOptions = {}): Promise<void> {
    const deadline = new Deadline(options.timeout, "put an item");
    options.signal?.throwIfAborted();
    const payload = this.#encode(item);
    try {
      if (this.#puts.isEmpty && this.#attempt(payload)) return reclaim(payload);
      await this.#putInTurn(item, payload, { deadline, signal: options.signal });
    } catch (error) {
      this.#shared.discard(payload);
      throw error;
    }
  }

  /**
   * Puts an item, and blocks the thread until there is room. A task of this same thread cannot make room meanwhile: where that
   * may be, use `put` or a timeout.
   *
   * @throws as `put` does.
   */
  putSync(item: T, options: SyncOptions = {}): void {
    const deadline = new Deadline(options.timeout, "put an item");
    const payload = this.#encode(item);
    try {
      if (this.#attempt(payload)) return reclaim(payload);
      for (;;) {
        const seen = this.#shared.room.prepare();
        if (this.#attempt(payload)) return;
        const slice = Math.min(attendMs, deadline.remaining);
        if (slice <= 0) throw full(item);
        this.#shared.room.sleep(seen, slice);
      }
    } catch (error) {
      this.#shared.discard(payload);
      throw error;
    }
  }

  /** Puts an item if there is room; never waits. Python: `put_nowait`. @throws FullError when there is none; else as `put` does. */
  tryPut(item: T): void {
    this.putSync(item, { timeout: 0 });
  }

  /**
   * Takes the first item, and waits for one without blocking the event loop. Calls of one thread get items in their order.
   *
   * @throws EmptyError when the time is over before there was one.
   * @throws ClosedError when the queue was shut down and has no more items.
   * @throws DecodeError, or the error of an import, when the item cannot be made again here; it is lost then.
   * @throws the signal's reason, when it is aborted; nothing is taken then.
   */
  async get(options: WaitOptions = {}): Promise<T> {
    const deadline = new Deadline(options.timeout, "get an item");
    options.signal?.throwIfAborted();
    return this.#decode(this.#takeNow() ?? (await this.#takeInTurn(this.#takeKept, { deadline, signal: options.signal })));
  }

  /**
   * Takes the first item, and blocks the thread until there is one. A task of this same thread cannot put one meanwhile: where
   * that may be, use `get` or a timeout.
   *
   * @throws StateError when the item needs a module that was not loaded here before: loading takes `get`. The item stays.
   * @throws as `get` does.
   */
  getSync(options: SyncOptions = {}): T {
    const deadline = new Deadline(options.timeout, "get an item");
    const taken = this.#takeSync(deadline, () => {
      const looked = this.#shared.take(isReady);
      if (looked === "refused") throw notLoaded("get");
      return looked;
    });
    return messageCodec().decode(messageOf(taken)) as T;
  }

  /** Takes the first item if there is one; never waits. Python: `get_nowait`. @throws EmptyError when there is none; else as `getSync`. */
  tryGet(): T {
    return this.getSync({ timeout: 0 });
  }

  /**
   * Takes the first item as `get` does, but so that it is not lost when this process dies: it then goes back to the front of
   * the queue, for others to take it again. Each consumer notices such a death within 256 items, or 50 milliseconds where
   * there are none. So say when an item is done; one whose lessee is killed just before it says so is done twice.
   *
   * A lease costs about 100 microseconds, and at most 224 items of a queue can be leased at a time. After `shutdown`, what
   * others have leased and give back is there for whoever asks again. Python has nothing like it.
   *
   * @throws ResourceLimitError when too many are leased.
   * @throws as `get` does. An item that cannot be made again here is lost.
   *
   * @example
   * const jobs = new Queue<string>();
   * await jobs.put("report");
   * {
   *   using lease = await jobs.lease();
   *   assert.equal(lease.value, "report");
   *   // Leaving the scope without `lease.done()` gives it back.
   * }
   * const lease = await jobs.lease();
   * lease.done();
   * assert.equal(jobs.isEmpty, true);
   */
  async lease(options: WaitOptions = {}): Promise<Lease<T>> {
    const deadline = new Deadline(options.timeout, "lease an item");
    options.signal?.throwIfAborted();
    const look = (): Entry | undefined => this.#shared.lease();
    const entry = (this.#gets.isEmpty ? look() : undefined) ?? (await this.#takeInTurn(look, { deadline, signal: options.signal }));
    try {
      return new Lease(await this.#decode(this.#shared.readLease(entry)), this.#endsOf(entry));
    } catch (error) {
      this.#shared.finishLease(entry);
      throw error;
    }
  }

  /** The same, blocking the thread. @throws as `getSync` does. */
  leaseSync(options: SyncOptions = {}): Lease<T> {
    const deadline = new Deadline(options.timeout, "lease an item");
    const entry = this.#takeSync(deadline, () => this.#shared.lease());
    const message = readStored(this.#shared.readLease(entry));
    if (!isReady(message.body)) {
      this.#shared.giveBack(entry);
      throw notLoaded("lease");
    }
    try {
      return new Lease(messageCodec().decode(message) as T, this.#endsOf(entry));
    } catch (error) {
      this.#shared.finishLease(entry);
      throw error;
    }
  }

  /** Leases the first item if there is one; never waits. @throws EmptyError when there is none; else as `leaseSync`. */
  tryLease(): Lease<T> {
    return this.leaseSync({ timeout: 0 });
  }

  /**
   * Says that this object puts no more: `put` throws `ClosedError` from now on, and an iteration of it ends when the queue is
   * empty. Everybody else goes on. Python: `close()`, after which `get` is refused there, too.
   */
  close(): void {
    this.#isClosed = true;
    for (const wake of this.#closing) wake();
  }

  /**
   * Ends the queue for everybody: whoever puts gets `ClosedError`; whoever gets takes what is left, then gets `ClosedError`. With
   * `immediate` what is left is dropped. All who wait are woken. Python has it for queues of threads alone.
   */
  shutdown({ immediate = false }: { readonly immediate?: boolean } = {}): void {
    this.#shared.shutDown({ isImmediate: immediate });
  }

  /** Takes items one after the other, and waits for more until the queue is shut down, or was closed here, and is empty. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const closing = new AbortController();
    const wake = (): void => closing.abort();
    this.#closing.add(wake);
    try {
      while (!this.#isClosed || !this.isEmpty) {
        const taken = this.#takeNow() ?? (await this.#next(closing.signal));
        if (taken === "ended") return;
        if (taken !== "closed") yield this.#decode(taken);
      }
    } finally {
      this.#closing.delete(wake);
    }
  }

  [handleOf](): Handle {
    return { kind: "queue", data: known.sent(this.#shared.block, this) };
  }

  #encode(item: T): Payload {
    if (this.#isClosed) throw new ClosedError("Cannot put an item: the queue was closed here.");
    return this.#shared.prepare(toPayload(messageCodec().encode(item, "item")));
  }

  /** Whether the item was put; false when there is no room. @throws ClosedError when the queue is shut down. */
  #attempt(payload: Payload): boolean {
    const outcome = this.#shared.put(payload);
    if (outcome === "shut-down") throw shutDown("put an item");
    return outcome === "put";
  }

  /** The next item of an iteration that has to wait. */
  async #next(closing: AbortSignal): Promise<Taken | "ended" | "closed"> {
    const deadline = new Deadline(this.#isClosed ? 0 : undefined, "get an item");
    try {
      return await this.#takeInTurn(this.#takeKept, { deadline, signal: this.#isClosed ? undefined : closing });
    } catch (error) {
      if (error instanceof ClosedError) return "ended";
      if (closing.aborted || error instanceof EmptyError) return "closed";
      throw error;
    }
  }

  /** Takes an item if there is one, and no other wait of this thread is before. */
  #takeNow(): Taken | undefined {
    const taken = this.#gets.isEmpty ? this.#shared.take() : undefined;
    return taken === "refused" ? undefined : taken;
  }

  #decode(taken: Taken): T | Promise<T> {
    const message = messageOf(taken);
    const loading = messageCodec().prepare(message);
    if (loading === undefined) return messageCodec().decode(message) as T;
    const later = kept(message);
    return loading.then(() => messageCodec().decode(later) as T);
  }

  async #putInTurn(item: T, payload: Payload, { deadline, signal }: Wait): Promise<void> {
    if (!(await this.#puts.enter(deadline, signal))) throw full(item);
    try {
      for (;;) {
        const seen = this.#shared.room.prepare();
        if (this.#attempt(payload)) return;
        const slice = Math.min(attendMs, deadline.remaining);
        if (slice <= 0) throw full(item);
        await this.#shared.room.sleepAsync(seen, { timeout: slice, signal });
      }
    } finally {
      this.#puts.leave();
    }
  }

  readonly #takeKept = (): Taken | undefined => {
    const taken = this.#shared.take();
    return taken === undefined || taken === "refused" ? undefined : keep(taken);
  };

  /** Waits until `look` finds something. */
  async #takeInTurn<Found>(look: () => Found | undefined, { deadline, signal }: Wait): Promise<Found> {
    if (!(await this.#gets.enter(deadline, signal))) throw empty();
    try {
      for (;;) {
        const seen = this.#shared.items.prepare();
        // Asked before it looks: what was put before the shutdown is still there.
        const { isShutDown } = this.#shared;
        const found = look();
        if (found !== undefined) return found;
        if (isShutDown) throw shutDown("get an item");
        const slice = Math.min(attendMs, deadline.remaining);
        if (slice <= 0) throw empty();
        await this.#shared.items.sleepAsync(seen, { timeout: slice, signal });
      }
    } finally {
      this.#gets.leave();
    }
  }

  #takeSync<Found>(deadline: Deadline, look: () => Found | undefined): Found {
    const first = look();
    if (first !== undefined) return first;
    for (;;) {
      const seen = this.#shared.items.prepare();
      const { isShutDown } = this.#shared;
      const found = look();
      if (found !== undefined) return found;
      if (isShutDown) throw shutDown("get an item");
      const slice = Math.min(attendMs, deadline.remaining);
      if (slice <= 0) throw empty();
      this.#shared.items.sleep(seen, slice);
    }
  }

  #endsOf(entry: Entry): LeaseEnds {
    return { finish: () => this.#shared.finishLease(entry), giveBack: () => this.#shared.giveBack(entry) };
  }
}

interface Wait {
  readonly deadline: Deadline;
  readonly signal: AbortSignal | undefined;
}

function empty(): EmptyError {
  return new EmptyError("Cannot get an item: the queue is empty.");
}

function notLoaded(what: string): StateError {
  return new StateError(
    `Cannot ${what} an item without waiting: it holds a function or a shared object whose module is not loaded here yet. ` +
      `Use \`await queue.${what}()\`.`,
  );
}

function full(item: unknown): FullError {
  return new FullError("Cannot put an item: the queue is full.", item);
}

function shutDown(what: string): ClosedError {
  return new ClosedError(`Cannot ${what}: the queue was shut down.`);
}

const known = new Identities<Queue>((block) => new Queue(new SharedQueue(block)));

/** The queue a handle names. */
export function fromHandle(data: unknown): Queue {
  return known.received(data);
}
