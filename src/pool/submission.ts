/**
 * How calls become jobs: what the user handed over is encoded here, at the call, and becomes work for the scheduler.
 * Numbers the tasks of a pool, from 1.
 */
import { codecTowards, messageCodec } from "../ship/codec.js";
import type { Backend } from "../backend/backend.js";
import { catalogFunction, type CatalogedFunction } from "../backend/function-catalog.js";
import type { LinkWork } from "../backend/worker-link.js";
import { checkReach } from "../memory/reach.js";
import { CallJob } from "./call-job.js";
import { ChunkJob } from "./chunk-job.js";
import type { ChunkInFlight } from "./item-stream.js";
import type { ChunkResult } from "./outcome.js";
import type { Scheduler } from "./scheduler.js";

/** Any function: what it takes and gives is the caller's business. */
export type AnyFunction = (...args: never[]) => unknown;

/** A function as it was at the call, with what goes for each of its jobs. */
export interface Mapped {
  readonly fn: CatalogedFunction;
  /** Each item is a list of arguments. */
  readonly isSpread: boolean;
  /** Milliseconds each item may take. */
  readonly timeout: number | undefined;
}

export class Submission {
  readonly #scheduler: Scheduler<LinkWork>;
  readonly #backend: Backend;
  #lastTaskId = 0;

  constructor(scheduler: Scheduler<LinkWork>, backend: Backend) {
    this.#scheduler = scheduler;
    this.#backend = backend;
  }

  /** Makes the job of one call; it is not submitted yet. @throws what refuses the function or an argument. */
  call(fn: AnyFunction, args: readonly unknown[], timeout: number | undefined): CallJob {
    const work = callOf(fn, args, this.#backend);
    return new CallJob({ id: this.#nextTaskId(), functionName: work.fn.name, work, timeout }, this.#scheduler);
  }

  /** Submits a chunk of items. @throws what refuses an item. */
  chunk({ fn, isSpread, timeout }: Mapped, items: readonly unknown[], onResult: (result: ChunkResult) => void): ChunkInFlight {
    const { length } = items;
    const work: LinkWork = { kind: "chunk", fn, spread: isSpread, items: codecTowards(this.#backend.capabilities).encode(items, "items") };
    checkReach(this.#backend.capabilities, work.items);
    const limit = timeout === undefined ? undefined : timeout * length;
    const job = new ChunkJob({ id: this.#nextTaskId(), functionName: fn.name, work, timeout: limit, length, onResult });
    this.#scheduler.submit(job);
    return { recall: () => this.#scheduler.recall(job), withdraw: () => this.#scheduler.withdraw(job) };
  }

  /** A function as it is now. @throws NotShippableError | EncodeError | UnsupportedError */
  mapped(fn: AnyFunction, { isSpread, timeout }: { readonly isSpread: boolean; readonly timeout?: number | undefined }): Mapped {
    const mapped = { fn: catalogFunction(fn), isSpread, timeout };
    checkReach(this.#backend.capabilities, mapped.fn.code);
    return mapped;
  }

  #nextTaskId(): number {
    this.#lastTaskId += 1;
    return this.#lastTaskId;
  }
}

type Call = LinkWork & { readonly kind: "run" };

/** Encodes one call for any number of workers. Nothing of it is in a parcel, which goes to one at a time. @throws as `callOf` does. */
export function callForMany(fn: AnyFunction, args: readonly unknown[], { capabilities }: Backend): Call {
  return checked({ kind: "run", fn: catalogFunction(fn), args: messageCodec().encode(args, "args"), isForMany: true }, capabilities);
}

/** Encodes one call for a worker of the backend. @throws NotShippableError | EncodeError | UnsupportedError */
function callOf(fn: AnyFunction, args: readonly unknown[], { capabilities }: Backend): Call {
  return checked({ kind: "run", fn: catalogFunction(fn), args: codecTowards(capabilities).encode(args, "args") }, capabilities);
}

function checked(call: Call, capabilities: Backend["capabilities"]): Call {
  checkReach(capabilities, call.fn.code, call.args);
  return call;
}
