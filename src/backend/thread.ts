/** Workers as threads of this process: quicker to start, sharing its memory limits and its fate. */
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { PortChannel } from "../channel/port.js";
import { WorkerStartError } from "../errors.js";
import { locateEntry, runFromData } from "./locate-entry.js";
import type { Backend, StartOptions, WorkerExit, WorkerHandle } from "./backend.js";
import { type Seat, threadTable } from "../memory/thread-table.js";
import { gatesFor, StopGate } from "../platform/stop-gate.js";
import { giveBackSharedMemory } from "./give-back.js";
import { inheritedEnv } from "./exec-argv.js";

export const threadBackend: Backend = {
  kind: "thread",
  capabilities: { hasSignals: false, sharesMemory: true, isolatesCrashes: false },
  start: (options) => new ThreadWorker(options),
};

class ThreadWorker implements WorkerHandle {
  readonly pid = process.pid;
  readonly threadId: number;
  readonly channel: PortChannel;
  readonly exited: Promise<WorkerExit>;
  readonly #seat = threadTable().enter();
  readonly #gate = new StopGate();
  readonly #worker: Worker;
  readonly #stdio: StartOptions["stdio"];
  #stoppedBy: NodeJS.Signals | undefined;
  #cause: unknown;
  #exit: WorkerExit | undefined;

  constructor(options: StartOptions) {
    const { port1, port2 } = new MessageChannel();
    this.#stdio = options.stdio;
    this.#worker = startThread(options, port2, { seat: this.#seat, gates: gatesFor(this.#gate) });
    if (options.stdio === "ignore") {
      this.#worker.stdout.resume();
      this.#worker.stderr.resume();
    }
    this.threadId = this.#worker.threadId;
    this.channel = new PortChannel(port1);
    this.exited = this.#watch();
  }

  get stdout(): Readable | undefined {
    return this.#stdio === "pipe" ? this.#worker.stdout : undefined;
  }

  get stderr(): Readable | undefined {
    return this.#stdio === "pipe" ? this.#worker.stderr : undefined;
  }

  get exit(): WorkerExit | undefined {
    return this.#exit;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#exit !== undefined || this.#stoppedBy !== undefined) return;
    this.#stoppedBy = signal;
    this.#gate.close();
    void this.#worker.terminate();
  }

  ref(): void {
    this.#worker.ref();
    this.channel.ref();
  }

  unref(): void {
    this.#worker.unref();
    this.channel.unref();
  }

  #watch(): Promise<WorkerExit> {
    return new Promise((resolve) => {
      this.#worker.on("error", (error) => (this.#cause = error));
      this.#worker.once("exit", (code) => {
        const signal = this.#stoppedBy;
        const exitCode = signal === undefined ? code & 0xff : -constants.signals[signal];
        const exit = { exitCode, signal, ...(this.#cause === undefined ? {} : { cause: this.#cause }) };
        this.#exit = exit;
        threadTable().bury(this.#seat.id);
        giveBackSharedMemory(this.pid);
        void this.channel.close().then(() => resolve(exit));
      });
    });
  }
}

/** Its place among the threads, and what keeps it from being stopped at a bad moment. */
interface Belongings {
  readonly seat: Seat;
  readonly gates: readonly Int32Array[];
}

function startThread(options: StartOptions, port: MessagePort, { seat, gates }: Belongings): Worker {
  const entry = locateEntry();
  const isCode = entry.kind === "code";
  const isApart = options.stdio !== "inherit";
  try {
    return new Worker(isCode ? runFromData(entry.path) : entry.path, {
      eval: isCode,
      name: options.name,
      workerData: { port, seat, gates, ...(isCode ? { code: entry.code } : {}) },
      transferList: [port, seat.lifeline],
      env: inheritedEnv(options.env),
      // Left out, a thread gets the program's flags; handed over, those that only a process can have would be refused.
      ...(options.execArgv === undefined ? {} : { execArgv: [...options.execArgv] }),
      stdout: isApart,
      stderr: isApart,
      ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
    });
  } catch (cause) {
    threadTable().bury(seat.id);
    throw new WorkerStartError(`Cannot start the worker ${options.name}: Node refused its options; see the cause`, { cause });
  }
}
