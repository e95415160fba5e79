/**
 * What runs inside a worker, process or thread alike: it takes messages, runs tasks one at a time and answers.
 *
 *     booting ──boot──▶ idle ──run, chunk──▶ running ──nothing left to run──▶ idle
 *                        │                      │
 *                        │                      ├── role "process", its target has returned ──▶ draining ──▶ (ends by itself)
 *                        │                      └── role "process", its target has failed ────▶ ending
 *                        └── stop, once nothing is left to run ────────────────────────────────▶ ending
 *
 * Invariants:
 *  1. Tasks run one at a time, in the order in which they came; each is answered before the next begins, so that a death is
 *     blamed on the right one. One that its host has taken back by its ticket is skipped.
 *  2. The worker ends when the channel does, in every state but `ending`, where it ended the channel itself.
 *  3. Nothing here blocks the event loop: between tasks, and in `draining`, it belongs to what tasks have left running. Tasks that
 *     wait in a row are run in a row, for a millisecond; then the loop turns.
 */
import { inspect } from "node:util";
import { setImmediate as turn } from "node:timers/promises";
import type { Channel } from "../channel/channel.js";
import { messageCodec } from "../ship/codec.js";
import { parentVariable, realm } from "../backend/realm.js";
import { TicketReader } from "../backend/tickets.js";
import { decodeHostMessage, encodeWorkerMessage } from "../wire/frames.js";
import type { HostMessage, Identity, Payload, WorkerMessage } from "../wire/messages.js";
import { encodeAnswer, encodeError, handOver } from "./answers.js";
import { FunctionTable } from "./function-table.js";
import { runChunk, runOnce, type Work } from "./run-task.js";

export interface RuntimeOptions {
  readonly channel: Channel;
  /** Called when the worker knows who it is, before it says that it is ready. */
  readonly onIdentity: (identity: Identity) => void;
  /** Called once it has said that it is ready. It runs nothing before that has resolved. */
  readonly onBoot: (identity: Identity) => Promise<void>;
}

export function runWorker(options: RuntimeOptions): void {
  new WorkerRuntime(options);
}

type Preparation = Extract<HostMessage, { kind: "define" | "forget" | "tickets" }>;

type State = "booting" | "idle" | "running" | "draining" | "ending";

class WorkerRuntime {
  readonly #channel: Channel;
  readonly #onIdentity: (identity: Identity) => void;
  readonly #onBoot: (identity: Identity) => Promise<void>;
  readonly #functions = new FunctionTable(messageCodec());
  /** What is done in its turn: functions and tickets come between the tasks that need them. */
  readonly #queue: (Work | Preparation)[] = [];
  #state: State = "booting";
  #identity: Identity | undefined;
  #isStopping = false;
  #tickets: TicketReader | undefined;

  constructor({ channel, onIdentity, onBoot }: RuntimeOptions) {
    this.#channel = channel;
    this.#onIdentity = onIdentity;
    this.#onBoot = onBoot;
    channel.listen({
      onFrame: (frame) => this.#receive(decodeHostMessage(frame)),
      onClosed: () => this.#hostIsGone(),
    });
    process.on("uncaughtExceptionMonitor", (error) => this.#sendLastWords(error));
  }

  #receive(message: HostMessage): void {
    switch (message.kind) {
      case "boot":
        return void this.#boot(message.identity);
      case "define":
      case "forget":
      case "tickets":
      case "run":
      case "chunk":
        this.#queue.push(message);
        if (this.#state === "idle") void this.#work();
        return;
      case "stop":
        this.#isStopping = true;
        if (this.#state === "idle") void this.#end();
    }
  }

  async #boot(identity: Identity): Promise<void> {
    realm().identity = identity;
    delete process.env[parentVariable];
    this.#identity = identity;
    this.#onIdentity(identity);
    this.#send({ kind: "ready" });
    await this.#onBoot(identity);
    // The host may have gone meanwhile; its last wishes are not worth an endless loop.
    if (this.#channel.isOpen) await this.#work();
  }

  async #work(): Promise<void> {
    this.#state = "running";
    let turned = performance.now();
    for (let work = this.#queue.shift(); work !== undefined; work = this.#queue.shift()) {
      if (work.kind === "define") this.#functions.define(work.functionId, work.code);
      else if (work.kind === "forget") this.#functions.forget(work.functionId);
      else if (work.kind === "tickets") await this.#takeTickets(work.words);
      if (!("taskId" in work) || !this.#begins(work)) continue;
      const answer = await (work.kind === "run" ? runOnce(work, this.#functions) : runChunk(work, this.#functions));
      this.#send(encodeAnswer(work.taskId, answer));
      if (this.#identity?.role === "process") return answer.kind === "error" ? this.#endOfFailed(answer.error) : this.#drain();
      if (this.#queue.length === 0 || performance.now() - turned < rowMs) continue;
      await turn();
      turned = performance.now();
    }
    this.#state = "idle";
    if (this.#isStopping) await this.#end();
  }

  /** `false` when its host has taken it back. */
  #begins({ ticket }: Work): boolean {
    return ticket === 0 || this.#tickets?.begin(ticket) !== false;
  }

  async #takeTickets(words: Payload): Promise<void> {
    const { Block } = await import("../memory/block.js");
    this.#tickets = new TicketReader(Block.attach(messageCodec().decode(words)));
  }

  /** The target has returned: the process lives on while its event loop does, as Python's does while it has threads. */
  #drain(): void {
    this.#state = "draining";
    this.#channel.unref();
  }

  /** The target has failed: what any uncaught error does to a Node program, and what Python prints. */
  async #endOfFailed(error: unknown): Promise<void> {
    process.exitCode = 1;
    await printed(`Process ${this.#identity?.name}:\n${inspect(error)}\n`);
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#state = "ending";
    await Promise.all([drained(process.stdout), drained(process.stderr)]);
    await this.#channel.close();
    process.exit();
  }

  #hostIsGone(): void {
    if (this.#state === "ending") return;
    realm().parentIsGone.resolve();
    // Whoever waits for that in `parentProcess().join()` gets one turn.
    setImmediate(() => process.exit(hostGoneCode));
  }

  /** An error outside any task is about to end this worker, unless a task has installed a handler for such errors. */
  #sendLastWords(error: unknown): void {
    if (process.listenerCount("uncaughtException") > 0) return;
    this.#send({ kind: "failed", error: encodeError(error) });
  }

  #send(message: WorkerMessage): void {
    if (this.#channel.isOpen) this.#channel.send(encodeWorkerMessage(handOver(message)));
  }
}

/** Resolves once what was printed has left this process: `process.exit` would drop what its reader has not had room for. */
function drained(output: NodeJS.WriteStream): Promise<void> | undefined {
  return output.writableLength > 0 ? new Promise((resolve) => output.write("", () => resolve())) : undefined;
}

/** Resolves once the text has left this thread; `process.exit` would drop what a thread has not handed over. */
function printed(text: string): Promise<void> {
  return new Promise((resolve) => process.stderr.write(text, () => resolve()));
}

/** Milliseconds for which tasks may follow one another without a turn of the event loop. */
const rowMs = 1;
/** The exit code of a worker whose host has gone: nobody is left to read it. */
const hostGoneCode = 1;
