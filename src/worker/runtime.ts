/**
 * What runs inside a worker, process or thread alike: it takes messages, runs tasks one at a time and answers.
 *
 *     booting ──boot──▶ idle ──run, chunk──▶ running ──queue empty──▶ idle
 *                        │                      │
 *                        └── stop ──▶ ended ◀── stop, once the queue is empty;
 *                                               in the role "process": once its one target has returned and
 *                                               nothing of it is left in the event loop
 *
 * When the channel ends, the host is gone, and the worker goes, too. Between tasks the event loop belongs to what tasks have
 * left running: nothing here blocks it.
 */
import { inspect } from "node:util";
import type { Channel } from "../channel/channel.js";
import { messageCodec } from "../backend/codec.js";
import { realm } from "../backend/realm.js";
import { decodeHostMessage, encodeWorkerMessage } from "../wire/frames.js";
import type { HostMessage, Identity, WorkerMessage } from "../wire/messages.js";
import { encodeAnswer, encodeError } from "./answers.js";
import { FunctionTable } from "./function-table.js";
import { endWithParent } from "./parent-watch.js";
import { runChunk, runOnce, type Work } from "./run-task.js";

export interface RuntimeOptions {
  readonly channel: Channel;
  readonly isThread: boolean;
}

export function runWorker(options: RuntimeOptions): void {
  new WorkerRuntime(options);
}

type State = "booting" | "idle" | "running" | "ended";

class WorkerRuntime {
  readonly #channel: Channel;
  readonly #isThread: boolean;
  readonly #functions = new FunctionTable(messageCodec());
  readonly #queue: Work[] = [];
  #state: State = "booting";
  #identity: Identity | undefined;
  #isStopping = false;

  constructor({ channel, isThread }: RuntimeOptions) {
    this.#channel = channel;
    this.#isThread = isThread;
    channel.listen({
      onFrame: (frame) => this.#receive(decodeHostMessage(frame)),
      onClosed: () => process.exit(hostGoneCode),
    });
    // The last words of a worker that dies of an error outside any task.
    process.on("uncaughtExceptionMonitor", (error) => this.#send({ kind: "failed", error: encodeError(error) }));
  }

  #receive(message: HostMessage): void {
    switch (message.kind) {
      case "boot":
        return this.#boot(message.identity);
      case "define":
        return this.#functions.define(message.functionId, message.code);
      case "forget":
        return this.#functions.forget(message.functionId);
      case "run":
      case "chunk":
        this.#queue.push(message);
        if (this.#state === "idle") void this.#work();
        return;
      case "stop":
        this.#isStopping = true;
        if (this.#state === "idle") void this.#finish();
    }
  }

  #boot(identity: Identity): void {
    realm().identity = identity;
    this.#identity = identity;
    this.#state = "idle";
    // Ctrl-C reaches the whole group; what becomes of a pool is the host's to decide.
    if (identity.role === "pool" && !this.#isThread) process.on("SIGINT", () => {});
    this.#send({ kind: "ready" });
    if (!this.#isThread) endWithParent(identity.parent.pid);
  }

  async #work(): Promise<void> {
    this.#state = "running";
    for (let work = this.#queue.shift(); work !== undefined; work = this.#queue.shift()) {
      const isSole = this.#identity?.role === "process";
      const answer = await (work.kind === "run" ? runOnce(work, this.#functions) : runChunk(work, this.#functions));
      this.#send(encodeAnswer(work.taskId, answer));
      if (isSole) return this.#endOfTarget(answer.kind === "error" ? { error: answer.error } : undefined);
    }
    this.#state = "idle";
    if (this.#isStopping) await this.#finish();
  }

  /** The target of a process has returned: the process lives on while its event loop does. Python joins its threads here. */
  #endOfTarget(failure: { readonly error: unknown } | undefined): void {
    this.#state = "ended";
    if (failure !== undefined) {
      process.exitCode = 1;
      process.stderr.write(`Process ${this.#identity?.name}:\n${inspect(failure.error)}\n`);
    }
    this.#channel.unref();
  }

  async #finish(): Promise<void> {
    this.#state = "ended";
    await this.#channel.close();
    process.exit();
  }

  #send(message: WorkerMessage): void {
    if (this.#channel.isOpen) this.#channel.send(encodeWorkerMessage(message));
  }
}

/** The exit code of a worker whose host has gone: nobody is left to read it. */
const hostGoneCode = 1;
