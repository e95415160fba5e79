/**
 * A process that runs one function.
 *
 *     created ──start──▶ started ──exit──▶ ended ──close──▶ closed
 *        └────────────────── close ──────────────────────────▲
 *
 * | call                        | created    | started | ended   | closed      |
 * | --------------------------- | ---------- | ------- | ------- | ----------- |
 * | start                       | ok         | StateError | StateError | ClosedError |
 * | join, result                | StateError | waits   | at once | ClosedError |
 * | terminate, kill, interrupt  | StateError | signals | nothing | ClosedError |
 * | close                       | ok         | StateError | ok   | nothing     |
 */
import type { Readable } from "node:stream";
import type { Backend } from "../backend/backend.js";
import { messageCodec } from "../ship/codec.js";
import { catalogFunction } from "../backend/function-catalog.js";
import { forgetChild, realm, refuseWhileImporting, rememberChild, type Child } from "../backend/realm.js";
import { letGoOf, WorkerLink, type LinkAnswer, type LinkEnd, type LinkWork } from "../backend/worker-link.js";
import { ClosedError, StateError } from "../errors.js";
import { readiness, type CanBeReady, type Readiness } from "../memory/readiness.js";
import { Settlement } from "../memory/settlement.js";
import { checkReach } from "../memory/reach.js";
import { waitFor, type WaitOptions } from "../backend/wait-for.js";
import { childIdentity, nextPath, ownIdentity } from "./identity.js";
import { checkProcessOptions, checkTarget, type ProcessOptions } from "./options.js";
import { outcomeOf, Outcome } from "./outcome.js";
import { runInstance, targetOfCopy } from "./run-instance.js";

export type Target<A extends readonly unknown[], R> = (...args: A) => R;

type State = "created" | "started" | "ended" | "closed";

/** What every process is, whichever backend runs it. `context.ts` binds the backend. */
export abstract class BaseProcess<A extends readonly unknown[] = readonly unknown[], R = unknown>
  implements AsyncDisposable, CanBeReady, Child
{
  readonly #backend: Backend;
  readonly #options: ProcessOptions;
  readonly #path = nextPath();
  readonly #outcome = new Outcome<Awaited<R>>();
  #target: Target<A, R> | undefined;
  #args: A | undefined;
  #name: string;
  #daemon: boolean;
  #state: State = "created";
  #link: WorkerLink | undefined;
  /** What it was sent: until it has answered, it may not have read that. */
  #work: LinkWork | undefined;
  #exitCode: number | undefined;
  /** How many joins and results are awaited: while there are, even a daemon keeps the program alive. */
  #awaitedCount = 0;
  readonly #ended: Promise<void>;
  #resolveEnded: () => void = () => {};

  constructor(backend: Backend, target: Target<A, R> | undefined, args: A | undefined, options: ProcessOptions) {
    checkTarget(target, args);
    this.#backend = backend;
    this.#target = target;
    this.#args = args;
    this.#options = checkProcessOptions(options);
    this.#name = options.name ?? `${new.target.name || "Process"}-${this.#path.join(":")}`;
    this.#daemon = options.daemon ?? ownIdentity().daemon;
    this.#ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  /** A label for people, not unique: `Process-1` by default, `Process-1:2` for the second child of that one. Python: `name`. */
  get name(): string {
    return #name in this ? this.#name : ownIdentity().name;
  }

  set name(name: string) {
    checkProcessOptions({ name });
    this.#name = name;
  }

  /** Daemons are stopped when the program ends; others are waited for. Set before the start; inherited by default. Python: `daemon`. */
  get daemon(): boolean {
    return #daemon in this ? this.#daemon : ownIdentity().daemon;
  }

  set daemon(daemon: boolean) {
    this.#refuseClosed("change");
    if (this.#state !== "created") throw new StateError(`Cannot make ${this.#name} a daemon, or none: it has started already`);
    checkProcessOptions({ daemon });
    this.#daemon = daemon;
  }

  /** The operating system's process id; a thread's is the program's; `undefined` before the start. Python: `pid`. */
  get pid(): number | undefined {
    if (!(#link in this)) return process.pid;
    this.#refuseClosed("ask for the pid of");
    return this.#link?.pid;
  }

  /** Whether it has started and not ended. Python: `is_alive()`. */
  get isAlive(): boolean {
    if (!(#state in this)) return true;
    this.#refuseClosed("look at");
    return this.#state === "started";
  }

  /**
   * `undefined` until it has ended; then 0 after a normal return, 1 after an uncaught error, the status it passed to
   * `process.exit`, or `-N` when signal N killed it. Python: `exitcode`.
   */
  get exitCode(): number | undefined {
    if (!(#state in this)) return undefined;
    this.#refuseClosed("ask for the exit code of");
    return this.#exitCode;
  }

  /** What it prints, with `stdio: "pipe"`. Read it: a full pipe stops the process. */
  get stdout(): Readable | undefined {
    return #link in this ? this.#link?.handle.stdout : undefined;
  }

  get stderr(): Readable | undefined {
    return #link in this ? this.#link?.handle.stderr : undefined;
  }

  /** What the process does: calls the target. Override it in a subclass; it runs on a copy of the object, in the process. Python: `run()`. */
  run(): unknown {
    return #target in this ? this.#target?.(...(this.#args ?? ([] as unknown as A))) : targetOfCopy(this)();
  }

  /**
   * Starts the process; returns at once. The target and its arguments are copied at this moment.
   *
   * @throws NotShippableError | EncodeError when they cannot exist in another process; nothing is started then.
   * @throws StateError when it has been started before.
   * @throws BootstrapError in a worker that is just importing a module.
   */
  start(): this {
    BaseProcess.#refuseCopy(this, "start");
    this.#refuseClosed("start");
    if (this.#state !== "created") throw new StateError(`Cannot start ${this.#name} twice: make a new Process`);
    refuseWhileImporting("process");
    const work = this.#encodeWork();
    this.#work = work;
    checkReach(this.#backend.capabilities, work.fn.code, work.args);
    const { env, execArgv, stdio = "inherit" } = this.#options;
    const identity = childIdentity({ name: this.#name, daemon: this.#daemon, role: "process", path: this.#path });
    this.#link = new WorkerLink(
      this.#backend,
      { name: this.#name, env, execArgv, stdio, identity },
      { onReady: () => {}, onAnswer: (_taskId, answer) => this.#settle(answer), onEnd: (end) => this.#end(end) },
    );
    this.#state = "started";
    this.#target = undefined;
    this.#args = undefined;
    rememberChild(this);
    if (this.#daemon) this.#link.unref();
    this.#link.send(0, work);
    return this;
  }

  /**
   * Waits until the process has ended; returns its exit code, or `undefined` if it still runs after `timeout` milliseconds (at once
   * for zero or less). May be called any number of times. Python: `join(timeout)`.
   *
   * @throws the reason of `signal`, when it is aborted.
   */
  async join(options: WaitOptions = {}): Promise<number | undefined> {
    BaseProcess.#refuseCopy(this, "join");
    this.#refuseUnstarted("join");
    await this.#whileAwaited(() => waitFor(this.#ended, options));
    return this.#exitCode;
  }

  /** What the target returned; rejects with what it threw, or with `WorkerDiedError` if the process ended before it returned. */
  async result(): Promise<Awaited<R>> {
    BaseProcess.#refuseCopy(this, "wait for the result of");
    this.#refuseUnstarted("wait for the result of");
    return this.#whileAwaited(() => this.#outcome.promise);
  }

  /** Sends SIGTERM; the process may have a handler for it. A thread is stopped where it stands. Python: `terminate()`. */
  terminate(): void {
    BaseProcess.#refuseCopy(this, "terminate");
    this.#signal("SIGTERM", "terminate");
  }

  /** Sends SIGKILL, which cannot be caught. Python: `kill()`. */
  kill(): void {
    BaseProcess.#refuseCopy(this, "kill");
    this.#signal("SIGKILL", "kill");
  }

  /** Sends SIGINT, as Ctrl-C does. Python 3.14: `interrupt()`. */
  interrupt(): void {
    BaseProcess.#refuseCopy(this, "interrupt");
    this.#signal("SIGINT", "interrupt");
  }

  /** Lets go of the process; most calls throw `ClosedError` from now on. @throws StateError while it runs. Python: `close()`. */
  close(): void {
    BaseProcess.#refuseCopy(this, "close");
    if (this.#state === "started") {
      throw new StateError(`Cannot close ${this.#name} while it runs: join() or terminate() it first`);
    }
    this.#state = "closed";
  }

  /** Asks it to end when the program does. */
  stop(): void {
    this.#link?.signal("SIGTERM");
  }

  /** For `wait`: a process is ready when it has ended. @throws StateError before the start. */
  [readiness](): Readiness {
    this.#refuseUnstarted("wait for");
    const hasEnded = (): boolean => this.#state === "ended" || this.#state === "closed";
    return {
      get isReady() {
        return hasEnded();
      },
      whenReady: (signal) => this.#whileAwaited(() => Settlement.of(this.#ended).whenReady(signal)),
    };
  }

  /** Waits for the process if it was started. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "started") await this.join();
  }

  #encodeWork(): LinkWork & { readonly kind: "run" } {
    const codec = messageCodec();
    const target = this.#target ?? doNothing;
    const args = this.#args ?? [];
    if (this.run === BaseProcess.prototype.run) return { kind: "run", fn: catalogFunction(target), args: codec.encode(args, "args") };
    const copied = [this.constructor, Object.assign({}, this), target, args];
    return { kind: "run", fn: catalogFunction(runInstance), args: codec.encode(copied, "process") };
  }

  /** The process has what it was sent, or will never have it. */
  #letGo(): void {
    if (this.#work !== undefined) letGoOf(this.#work);
    this.#work = undefined;
  }

  #settle(answer: LinkAnswer): void {
    this.#letGo();
    if (answer.kind === "value") this.#outcome.resolve(answer.value as Awaited<R>);
    else if (answer.kind === "error") this.#outcome.reject(answer.error);
  }

  #end(end: LinkEnd): void {
    this.#letGo();
    this.#state = "ended";
    this.#exitCode = end.exit.exitCode;
    forgetChild(this);
    this.#outcome.reject(outcomeOf(end, { name: this.#name, pid: this.#link?.pid }));
    this.#resolveEnded();
  }

  #signal(signal: NodeJS.Signals, verb: string): void {
    this.#refuseUnstarted(verb);
    if (this.#state === "started") this.#link?.signal(signal);
  }

  async #whileAwaited<T>(wait: () => Promise<T>): Promise<T> {
    if (this.#awaitedCount++ === 0 && this.#daemon) this.#link?.ref();
    try {
      return await wait();
    } finally {
      if (--this.#awaitedCount === 0 && this.#daemon) this.#link?.unref();
    }
  }

  #refuseUnstarted(verb: string): void {
    this.#refuseClosed(verb);
    if (this.#state === "created") throw new StateError(`Cannot ${verb} ${this.#name}: it has not been started`);
  }

  /** In the process itself there is only a copy, which cannot act on what it runs in. Static: a copy has no private methods. */
  static #refuseCopy(self: object, verb: string): void {
    if (!(#state in self)) throw new StateError(`Cannot ${verb} ${ownIdentity().name} from inside its own run()`);
  }

  #refuseClosed(verb: string): void {
    if (this.#state === "closed") throw new ClosedError(`Cannot ${verb} ${this.#name}: the process object is closed`);
  }
}

/** The processes started here that have not ended, in the order of their start. Python: `active_children()`. */
export function activeChildren(): BaseProcess[] {
  return [...realm().children].filter((child): child is BaseProcess => child instanceof BaseProcess);
}

function doNothing(): void {}
