/** A queue that processes and threads share. */
import { ClosedError, EmptyError } from "../errors.js";
import { Breather } from "../memory/breather.js";
import { Deadline, deadlineOf } from "../memory/deadline.js";
import { handleOf, type Handle, type Shareable } from "../memory/handle.js";
import { Identities } from "../memory/identities.js";
import { readiness, type CanBeReady, type Readiness } from "../memory/readiness.js";
import { spinWeight } from "../memory/spin.js";
import type { WaitOptions } from "../memory/waitable.js";
import { Lease, type LeaseEnds } from "./lease.js";
import type { Entry } from "./leases.js";
import { decode, decodeSync, isReady, keep, payloadOf, reclaim, type Taken } from "./message.js";
import { checkMaxSize, type QueueOptions, type Wait } from "./options.js";
import { readStored, type Payload } from "./payload.js";
import { Putting } from "./putting.js";
import { closedHere, full, notLoaded } from "./refusals.js";
import { SharedQueue } from "./shared-queue.js";
import { Taking } from "./taking.js";

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
export class Queue<T = unknown> implements Shareable, CanBeReady, AsyncIterable<T> {
  readonly #shared: SharedQueue;
  readonly #putting: Putting;
  readonly #taking: Taking;
  readonly #breather = new Breather();
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
    this.#putting = new Putting(this.#shared);
    this.#taking = new Taking(this.#shared);
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
  put(item: T, options: WaitOptions = {}): Promise<void> {
    try {
      const deadline = deadlineOf(options, "put an item");
      options.signal?.throwIfAborted();
      const payload = this.#encode(item);
      if (!this.#putting.now(payload)) return this.#putInTurn(item, payload, { deadline, signal: options.signal });
      reclaim(payload);
      return this.#breather.isDue() ? this.#breather.after(undefined) : done;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Puts an item, and blocks the thread until there is room. A task of this same thread cannot make room meanwhile: where that
   * may be, use `put` or a timeout.
   *
   * @throws as `put` does.
   */
  putSync(item: T, options: SyncOptions = {}): void {
    const deadline = deadlineOf(options, "put an item");
    const payload = this.#encode(item);
    if (!this.#putting.sync(payload, deadline)) throw full(item);
    reclaim(payload);
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
  get(options: WaitOptions = {}): Promise<T> {
    try {
      const deadline = deadlineOf(options, "get an item");
      options.signal?.throwIfAborted();
      const taken = this.#takeNow() ?? this.#takeSoon(deadline);
      if (taken === undefined) return this.#getInTurn({ deadline, signal: options.signal });
      const value = this.#decode(taken);
      return this.#breather.isDue() ? this.#breather.after(value) : Promise.resolve(value);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Takes the first item, and blocks the thread until there is one. A task of this same thread cannot put one meanwhile: where
   * that may be, use `get` or a timeout.
   *
   * @throws StateError when the item needs a module that was not loaded here before: loading takes `get`. The item stays.
   * @throws as `get` does.
   */
  getSync(options: SyncOptions = {}): T {
    const deadline = deadlineOf(options, "get an item");
    return decodeSync(this.#taking.sync(this.#takeReady, deadline)) as T;
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
    const deadline = deadlineOf(options, "lease an item");
    options.signal?.throwIfAborted();
    const first = this.#taking.isFree ? this.#leaseNow() : undefined;
    const entry = first ?? (await this.#taking.inTurn(this.#leaseNow, { deadline, signal: options.signal }));
    try {
      return new Lease(await this.#decode(this.#shared.readLease(entry)), this.#endsOf(entry));
    } catch (error) {
      this.#shared.finishLease(entry);
      throw error;
    }
  }

  /** The same, blocking the thread. @throws as `getSync` does. */
  leaseSync(options: SyncOptions = {}): Lease<T> {
    const deadline = deadlineOf(options, "lease an item");
    const entry = this.#taking.sync(this.#leaseNow, deadline);
    const message = readStored(this.#shared.readLease(entry));
    if (!isReady(message.body)) {
      this.#shared.giveBack(entry);
      throw notLoaded("lease");
    }
    try {
      return new Lease(decodeSync(message) as T, this.#endsOf(entry));
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
        const taken = this.#takeNow() ?? this.#takeSoon() ?? (await this.#next(closing.signal));
        if (taken === "ended") return;
        if (taken === "closed") continue;
        const item = this.#decode(taken);
        yield this.#breather.isDue() ? this.#breather.after(item) : item;
      }
    } finally {
      this.#closing.delete(wake);
    }
  }

  /** For `wait`: a queue is ready when `get` would not wait, for there is an item or it was shut down. */
  [readiness](): Readiness {
    return this.#taking.readiness();
  }

  [handleOf](): Handle {
    return { kind: "queue", data: known.sent(this.#shared.block, this) };
  }

  #encode(item: T): Payload {
    if (this.#isClosed) throw closedHere();
    return this.#shared.prepare(payloadOf(item));
  }

  async #putInTurn(item: T, payload: Payload, wait: Wait): Promise<void> {
    if (!(await this.#putting.inTurn(payload, wait))) throw full(item);
  }

  async #getInTurn(wait: Wait): Promise<T> {
    return this.#decode(await this.#taking.inTurn(this.#takeKept, wait));
  }

  /** The next item of an iteration that has to wait. */
  async #next(closing: AbortSignal): Promise<Taken | "ended" | "closed"> {
    const deadline = new Deadline(this.#isClosed ? 0 : undefined, "get an item");
    try {
      return await this.#taking.inTurn(this.#takeKept, { deadline, signal: this.#isClosed ? undefined : closing });
    } catch (error) {
      if (error instanceof ClosedError) return "ended";
      if (closing.aborted || error instanceof EmptyError) return "closed";
      throw error;
    }
  }

  /** Takes an item if there is one, and no other wait of this thread is before. */
  #takeNow(): Taken | undefined {
    const taken = this.#taking.isFree ? this.#shared.take() : undefined;
    return taken === "refused" ? undefined : taken;
  }

  /** The same after a moment, if something comes by then. */
  #takeSoon(deadline?: Deadline): Taken | undefined {
    if (!this.#taking.isFree || deadline?.remaining === 0 || !this.#taking.awaitsSoon()) return undefined;
    this.#breather.add(spinWeight);
    return this.#takeNow();
  }

  readonly #takeKept = (): Taken | undefined => {
    const taken = this.#shared.take();
    return taken === undefined || taken === "refused" ? undefined : keep(taken);
  };

  readonly #takeReady = (): Taken | undefined => {
    const taken = this.#shared.take(isReady);
    if (taken === "refused") throw notLoaded("get");
    return taken;
  };

  readonly #leaseNow = (): Entry | undefined => this.#shared.lease();

  #decode(taken: Taken): T | Promise<T> {
    return decode(taken) as T | Promise<T>;
  }

  #endsOf(entry: Entry): LeaseEnds {
    return { finish: () => this.#shared.finishLease(entry), giveBack: () => this.#shared.giveBack(entry) };
  }
}

const done = Promise.resolve();

const known = new Identities<Queue>((block) => new Queue(new SharedQueue(block)));

/** The queue a handle names. */
export function fromHandle(data: unknown): Queue {
  return known.received(data);
}
