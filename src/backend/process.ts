/** Workers as operating-system processes: one Node each, talked to over descriptor 3, so that the user's `process.send` stays theirs. */
import { execFile, spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { constants } from "node:os";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { SwitchingChannel } from "../channel/switching.js";
import { WorkerStartError } from "../errors.js";
import { locateEntry, runFromChannel } from "./locate-entry.js";
import type { Backend, StartOptions, WorkerExit, WorkerHandle } from "./backend.js";
import { giveBackSharedMemory } from "./give-back.js";
import { inheritedEnv, inheritedExecArgv, limitFlags } from "./exec-argv.js";

export const processBackend: Backend = {
  kind: "process",
  capabilities: { hasSignals: true, sharesMemory: false, isolatesCrashes: true },
  start: (options) => new ProcessWorker(options),
};

class ProcessWorker implements WorkerHandle {
  readonly threadId = undefined;
  readonly channel: SwitchingChannel;
  readonly exited: Promise<WorkerExit>;
  readonly #child: ChildProcess;
  readonly #flags: readonly string[];
  #exit: WorkerExit | undefined;

  constructor(options: StartOptions) {
    const entry = locateEntry();
    const code = entry.kind === "code" ? Buffer.from(entry.code) : undefined;
    const args = code === undefined ? [entry.path] : ["--eval", runFromChannel(code.length, entry.path)];
    this.#flags = [...(options.execArgv ?? inheritedExecArgv()), ...limitFlags(options.resourceLimits)];
    const output = options.stdio;
    const stdio: StdioOptions = ["ignore", output, output, "pipe"];
    const { execPath } = process;
    this.#child = spawn(execPath, [...this.#flags, ...args], { stdio, env: inheritedEnv(options.env), windowsHide: true });
    const socket = this.#child.stdio[3];
    if (this.#child.pid === undefined || !(socket instanceof Socket)) throw refused(this.#child, options.name);
    if (code !== undefined) socket.write(code);
    this.channel = new SwitchingChannel(socket, "host");
    this.exited = this.#watch(socket);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get stdout(): Readable | undefined {
    return this.#child.stdout ?? undefined;
  }

  get stderr(): Readable | undefined {
    return this.#child.stderr ?? undefined;
  }

  get exit(): WorkerExit | undefined {
    return this.#exit;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#exit === undefined) this.#child.kill(signal);
  }

  ref(): void {
    this.#child.ref();
    this.channel.ref();
  }

  unref(): void {
    this.#child.unref();
    this.channel.unref();
  }

  #watch(socket: Socket): Promise<WorkerExit> {
    return new Promise((resolve) => {
      // An error here is a signal that could not be delivered; what matters is whether it exits.
      this.#child.on("error", () => {});
      this.#child.once("exit", (code, signal) => {
        const exit = exitOf(code, signal);
        this.#exit = exit;
        giveBackSharedMemory(this.#child.pid);
        if (!socket.closed) destroyOnceSilent(socket);
        void this.channel.closed.then(async () => resolve(socket.bytesRead > 0 ? exit : await explained(exit, this.#flags)));
      });
    });
  }
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): WorkerExit {
  if (signal !== null) return { exitCode: -constants.signals[signal], signal };
  return { exitCode: code ?? 1, signal: undefined };
}

/** Adds why a process ended before it could say a word, where that can be found out. */
async function explained(exit: WorkerExit, flags: readonly string[]): Promise<WorkerExit> {
  const reason = exit.exitCode === badFlagsCode ? await refusalOf(flags) : undefined;
  return reason === undefined ? exit : { ...exit, cause: new Error(reason) };
}

/** What Node says of the flags. The worker has printed it where it prints everything, and that is not ours to read. */
function refusalOf(flags: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, "--version"], { timeout: explainLimit }, (error, _stdout, stderr) => {
      resolve(error === null || stderr === "" ? undefined : stderr.trim());
    });
  });
}

function refused(child: ChildProcess, name: string): WorkerStartError {
  child.on("error", () => {});
  return new WorkerStartError(
    `Cannot start the worker ${name}: the operating system refused to run ${process.execPath}. ` +
      `Check the limits on processes (ulimit -u) and open files (ulimit -n).`,
  );
}

/**
 * Ends the stream of a dead process that somebody holds open: a copy of it that native code forked. All that the process wrote
 * itself is there already, so the stream is read until there is nothing to read.
 */
function destroyOnceSilent(socket: Socket): void {
  const readBefore = socket.bytesRead;
  setTimeout(() => {
    // The loop reads between its timers and its immediates: only then is it known whether anything was there.
    setImmediate(() => {
      if (socket.destroyed) return;
      if (socket.bytesRead === readBefore) socket.destroy();
      else destroyOnceSilent(socket);
    });
  }, lingerInterval).unref();
}

/** How Node exits when it knows a flag not, or not with that value. */
const badFlagsCode = 9;
/** Milliseconds for it to say so once more. */
const explainLimit = 10_000;
/** Milliseconds between two looks at a stream that should have ended. */
const lingerInterval = 200;
