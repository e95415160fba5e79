/**
 * The host's half of the conversation with one worker: it speaks `wire/messages.ts` and knows what the worker knows.
 *
 *     starting ──ready──▶ open ──exit──▶ ended
 *         └─────── failed, exit ───────────▲
 *
 * Invariants:
 *  1. `onReady` comes at most once and before any answer; `onEnd` exactly once, last, after every answer that was complete.
 *  2. Work may be sent while the worker starts; it waits in the channel.
 *  3. Once a pool's worker has the memory for tickets (`tickets.ts`), what it is sent can be taken back until it begins it.
 *  4. A worker is sent a function before the first work that names it; it keeps the latest `functionLimit` of them.
 */
import type { Channel } from "../channel/channel.js";
import { DecodeError } from "../errors.js";
import type { Sender } from "../memory/consignment.js";
import { decodeWorkerMessage, encodeHostMessage } from "../wire/frames.js";
import { isByReference } from "../wire/extension.js";
import type { HostMessage, Identity, Payload, WorkerMessage } from "../wire/messages.js";
import { noteOrigin } from "../wire/remote-stack.js";
import type { Backend, StartOptions, WorkerExit, WorkerHandle } from "./backend.js";
import { messageCodec } from "../ship/codec.js";
import { Block } from "../memory/block.js";
import { ThreadBlock } from "../memory/thread-block.js";
import type { CatalogedFunction } from "./function-catalog.js";
import { giveBackUnreceived } from "./give-back.js";
import { TicketBook, ticketsBytes, type Withdrawal } from "./tickets.js";

/** What a worker answered to one piece of work. */
export type LinkAnswer =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "error"; readonly error: unknown }
  /** Values of the items that succeeded, in order; errors of those that did not, by their index. */
  | {
      readonly kind: "outcomes";
      readonly values: readonly unknown[];
      readonly failures: readonly { readonly index: number; readonly error: unknown }[];
    };

/** Work for a worker, encoded when the user called. */
export type LinkWork =
  | {
      readonly kind: "run";
      readonly fn: CatalogedFunction;
      readonly args: Payload;
      /** It goes to several workers, so none of them is to let go of what it names. */
      readonly isForMany?: true;
    }
  | { readonly kind: "chunk"; readonly fn: CatalogedFunction; readonly spread: boolean; readonly items: Payload };

/** What its function is called with. */
export function argumentsOf(work: LinkWork): Payload {
  return work.kind === "run" ? work.args : work.items;
}

export interface LinkEnd {
  readonly exit: WorkerExit;
  /** Why it could not start, when it said so. */
  readonly startError?: unknown;
  /** What it threw outside any task, which ended it. */
  readonly crash?: unknown;
  /** It ended before it was ready, so nothing that was sent has run. */
  readonly neverBegan: boolean;
  /** It did not read all that was sent, so the task that was sent last, without a ticket, has not run. `false` when it may have. */
  readonly leftUnread: boolean;
}

export interface LinkListener {
  onReady(): void;
  onAnswer(taskId: number, answer: LinkAnswer): void;
  onEnd(end: LinkEnd): void;
}

export interface LinkOptions extends StartOptions {
  readonly identity: Identity;
}

export class WorkerLink {
  readonly #handle: WorkerHandle;
  readonly #channel: Channel;
  readonly #listener: LinkListener;
  readonly #label: string;
  readonly #sender: Sender | undefined;
  readonly #backend: Backend;
  #tickets: TicketBook | undefined;
  /** Function ids the worker has, oldest use first. */
  readonly #defined = new Set<number>();
  #lastUsed = 0;
  /** Nobody else is sent the functions that this worker is: so it may let go of what they name. */
  readonly #isAlone: boolean;
  /** What was sent last is a task without a ticket. */
  #endsWithTask = false;
  #isReady = false;
  #failure: { readonly error: unknown } | undefined;
  /** Answers are decoded in the order in which they came, also when one has to wait for an import. */
  #decoding: Promise<void> | undefined;

  /** @throws WorkerStartError when the operating system refuses to start a worker. */
  constructor(backend: Backend, options: LinkOptions, listener: LinkListener) {
    this.#listener = listener;
    this.#backend = backend;
    this.#isAlone = options.identity.role === "process";
    this.#handle = backend.start(options);
    this.#channel = this.#handle.channel;
    const { pid, threadId } = this.#handle;
    this.#sender = pid === undefined ? undefined : { processId: pid, threadId: threadId ?? 0 };
    this.#label = `${options.identity.name} (${threadId === undefined ? `pid ${pid}` : `thread ${threadId}`})`;
    const isPooled = options.identity.role === "pool";
    this.#channel.listen({
      onFrame: (frame) => this.#receive(decodeWorkerMessage(frame)),
      onClosed: (error) => this.#onClosed(error),
      ...(isPooled ? { onShared: () => this.#shareTickets() } : {}),
    });
    this.#post({ kind: "boot", identity: options.identity });
    if (isPooled && backend.capabilities.sharesMemory) this.#shareTickets();
    void this.#handle.exited.then((exit) => this.#end(exit));
  }

  get handle(): WorkerHandle {
    return this.#handle;
  }

  get pid(): number | undefined {
    return this.#handle.pid;
  }

  /** Gives the worker something to do; it answers with the same `taskId`. @throws ClosedError when the worker is gone. */
  send(taskId: number, work: LinkWork): void {
    this.#define(work.fn);
    const { functionId } = work.fn;
    const ticket = this.#tickets?.issue(taskId) ?? 0;
    this.#endsWithTask = ticket === 0;
    if (work.kind === "run") {
      const args = work.isForMany === true ? apart(work.args) : work.args;
      this.#post({ kind: "run", taskId, ticket, functionId, args });
    }
    if (work.kind === "chunk") this.#post({ kind: "chunk", taskId, ticket, functionId, spread: work.spread, items: work.items });
  }

  /** Whether it can be sent another task while it is busy, which can be taken back. */
  get takesAhead(): boolean {
    return this.#tickets?.hasSpare === true;
  }

  /** Keeps the worker from running a task that it was sent. `taken`: it has not begun it, and never will; it does not answer. */
  takeBack(taskId: number): Withdrawal {
    return this.#tickets?.takeBack(taskId) ?? "unknown";
  }

  /** Asks it to end once it has finished what it was sent. */
  stop(): void {
    if (this.#channel.isOpen) this.#post({ kind: "stop" });
  }

  signal(signal: NodeJS.Signals): void {
    this.#handle.signal(signal);
  }

  ref(): void {
    this.#handle.ref();
  }

  unref(): void {
    this.#handle.unref();
  }

  /** Without its channel a worker is of no use; one that wrote what is no message is not to be trusted with a polite request. */
  #onClosed(error: Error | undefined): void {
    if (error === undefined) return;
    this.#failure = { error };
    this.#handle.signal("SIGKILL");
  }

  #shareTickets(): void {
    const block = this.#allocateTickets();
    if (block === undefined) return;
    const words = messageCodec().encode(block.send(), "tickets");
    this.#tickets = new TicketBook(block);
    this.#endsWithTask = false;
    this.#post({ kind: "tickets", words });
  }

  #allocateTickets(): Block | ThreadBlock | undefined {
    // A program that has nothing but threads does not load what maps memory.
    if (this.#backend.capabilities.sharesMemory) return ThreadBlock.allocate(ticketsBytes);
    try {
      return Block.allocateMapped(ticketsBytes);
    } catch {
      // No memory for that: then the worker gets one task at a time.
      return undefined;
    }
  }

  #define(fn: CatalogedFunction): void {
    const { functionId } = fn;
    if (functionId === this.#lastUsed) return;
    this.#lastUsed = functionId;
    if (this.#defined.delete(functionId)) {
      this.#defined.add(functionId);
      return;
    }
    this.#post({ kind: "define", functionId, code: this.#isAlone ? { ...copyFor(fn.code), ...cargoOf(fn) } : copyFor(fn.code) });
    this.#defined.add(functionId);
    if (this.#defined.size <= functionLimit) return;
    for (const oldest of this.#defined) {
      this.#defined.delete(oldest);
      this.#post({ kind: "forget", functionId: oldest });
      break;
    }
  }

  #post(message: HostMessage): void {
    this.#channel.send(encodeHostMessage(message));
  }

  #receive(message: WorkerMessage): void {
    if (message.kind === "ready") {
      this.#isReady = true;
      this.#listener.onReady();
    } else if (message.kind === "failed") {
      this.#whenDecoded([message.error], ([error]) => (this.#failure = { error }));
    } else {
      this.#answer(message);
    }
  }

  #answer(message: Exclude<WorkerMessage, { kind: "ready" | "failed" }>): void {
    const { taskId } = message;
    this.#tickets?.pass(taskId);
    if (message.kind === "value") return this.#answerValue(taskId, message.value);
    const deliver = (answer: LinkAnswer): void => this.#listener.onAnswer(taskId, answer);
    if (message.kind === "error") {
      this.#whenDecoded([message.error], ([error]) => deliver({ kind: "error", error: this.#noted(error) }), deliver);
    } else {
      const { failures } = message;
      const finish = ([values, ...errors]: unknown[]): void => {
        if (!Array.isArray(values))
          return deliver({ kind: "error", error: new DecodeError("Cannot read the outcomes of a chunk: they are not a list") });
        deliver({ kind: "outcomes", values, failures: failures.map(({ index }, at) => ({ index, error: this.#noted(errors[at]) })) });
      };
      this.#whenDecoded([message.values, ...failures.map((failure) => failure.error)], finish, deliver);
    }
  }

  /** By far the most frequent answer, mostly with nothing to wait for. */
  #answerValue(taskId: number, payload: Payload): void {
    const codec = messageCodec();
    const deliver = (answer: LinkAnswer): void => this.#listener.onAnswer(taskId, answer);
    const decode = (): void => {
      let value: unknown;
      try {
        value = codec.decode(payload);
      } catch (error) {
        return deliver({ kind: "error", error });
      }
      deliver({ kind: "value", value });
    };
    const pending = codec.prepare(payload);
    if (pending === undefined && this.#decoding === undefined) decode();
    else this.#inTurn(pending === undefined ? [] : [pending], decode, deliver);
  }

  /** Decodes now if nothing has to be imported and nothing is waiting already; in its turn otherwise. */
  #whenDecoded(payloads: readonly Payload[], then: (values: unknown[]) => void, refuse?: (answer: LinkAnswer) => void): void {
    const codec = messageCodec();
    const decode = (): void => {
      let values: unknown[];
      try {
        values = payloads.map((payload) => codec.decode(payload));
      } catch (error) {
        refuse?.({ kind: "error", error });
        return;
      }
      then(values);
    };
    const imports = payloads.map((payload) => codec.prepare(payload)).filter((pending) => pending !== undefined);
    if (imports.length === 0 && this.#decoding === undefined) decode();
    else this.#inTurn(imports, decode, refuse);
  }

  #inTurn(imports: readonly Promise<void>[], decode: () => void, refuse?: (answer: LinkAnswer) => void): void {
    const turn = (this.#decoding ?? Promise.resolve())
      .then(() => Promise.all(imports))
      .then(decode, (error: unknown) => refuse?.({ kind: "error", error }))
      .then(() => {
        if (this.#decoding === turn) this.#decoding = undefined;
      });
    this.#decoding = turn;
  }

  #noted(error: unknown): unknown {
    noteOrigin(error, this.#label);
    return error;
  }

  async #end(exit: WorkerExit): Promise<void> {
    await this.#decoding;
    if (this.#sender !== undefined) giveBackUnreceived(this.#sender);
    const failure = this.#failure;
    const neverBegan = !this.#isReady;
    const known = { exit, neverBegan, leftUnread: this.#endsWithTask && this.#channel.peerLeftUnread };
    if (failure === undefined) this.#listener.onEnd({ ...known, ...(exit.cause === undefined ? {} : { crash: exit.cause }) });
    else if (neverBegan) this.#listener.onEnd({ ...known, startError: failure.error });
    else this.#listener.onEnd({ ...known, crash: failure.error });
    this.#tickets?.release();
    this.#tickets = undefined;
  }
}

/** Lets go of what kept alive what work names, which has been done or never will be. Whoever made the work calls it. */
export function letGoOf(work: LinkWork): void {
  argumentsOf(work).cargo?.release();
  // The items of a map share their function.
  if (work.kind === "run") work.fn.cargo?.release();
}

function apart({ body, attachments }: Payload): Payload {
  return { body, attachments };
}

function cargoOf({ cargo }: CatalogedFunction): Pick<Payload, "cargo"> {
  return cargo === undefined ? {} : { cargo };
}

/** A channel takes the attachments over, and other workers need the function, too. */
function copyFor(code: Payload): Payload {
  return {
    body: code.body,
    attachments: code.attachments.map((attachment) => (isByReference(attachment) ? attachment : attachment.slice())),
  };
}

/** How many functions a worker keeps: enough for any program's working set, bounded for one that makes a new function each call. */
const functionLimit = 256;
