/**
 * The whole protocol between a host and its worker: two discriminated unions. `frames.ts` turns them into frames and back.
 *
 *     host                                   worker
 *      │ boot ───────────────────────────────▶ │  who you are; which modules to load first
 *      │ ◀──────────────────────────── ready   │  or `failed`, after which the worker ends
 *      │ define 1 ───────────────────────────▶ │  a function, once
 *      │ tickets ────────────────────────────▶ │  memory, with a word for each task that is sent from here on: to a pool's worker
 *      │ run task 1, function 1, arguments ──▶ │
 *      │ ◀──────────────────── value, task 1   │  or `error`
 *      │ chunk task 2, function 1, items ────▶ │
 *      │ ◀───────────────── outcomes, task 2   │  one outcome an item
 *      │ stop ───────────────────────────────▶ │  finish what runs, then end
 *
 * Invariants:
 *  1. A function id is defined before any task names it, and ids are never used twice on one channel.
 *  2. Every `run` and `chunk` gets exactly one `value`, `error` or `outcomes`, unless the worker dies, or the host takes it back
 *     by its ticket (`../backend/tickets.ts`): then none.
 *  3. A worker runs tasks one at a time, in the order in which they came.
 *  4. Payloads are opaque here: only the codec reads them.
 */
import type { Encoded } from "./extension.js";

/** Bytes the codec made; carried, never read. */
export type Payload = Encoded;

/** Who the worker is: what `currentProcess()` and `parentProcess()` answer inside it. */
export interface Identity {
  readonly name: string;
  readonly daemon: boolean;
  /** `"pool"` workers ignore Ctrl-C and wait for tasks; a `"process"` runs one target and exits. */
  readonly role: "pool" | "process";
  readonly parent: { readonly pid: number; readonly name: string };
  /** Its number among what its parent created, after the numbers of those above: `[6, 1]` is the first child of the root's sixth. */
  readonly path: readonly number[];
}

export type HostMessage =
  | { readonly kind: "boot"; readonly identity: Identity }
  | { readonly kind: "define"; readonly functionId: number; readonly code: Payload }
  | { readonly kind: "forget"; readonly functionId: number }
  /** Where the words of the tickets are. */
  | { readonly kind: "tickets"; readonly words: Payload }
  | ({ readonly kind: "run"; readonly args: Payload } & TaskHead)
  /** `spread`: each item is an array of arguments (`starmap`). */
  | ({ readonly kind: "chunk"; readonly spread: boolean; readonly items: Payload } & TaskHead)
  | { readonly kind: "stop" };

/** What every task begins with. */
export interface TaskHead {
  readonly taskId: number;
  /** 0 when it cannot be taken back. */
  readonly ticket: number;
  readonly functionId: number;
}

export type WorkerMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly error: Payload }
  | { readonly kind: "value"; readonly taskId: number; readonly value: Payload }
  | { readonly kind: "error"; readonly taskId: number; readonly error: Payload }
  /**
   * The outcomes of a chunk: the values of the items that succeeded, in order, and the errors of those that did not,
   * with their indices.
   */
  | { readonly kind: "outcomes"; readonly taskId: number; readonly values: Payload; readonly failures: readonly Failure[] };

/** One item of a chunk that failed. */
export interface Failure {
  readonly index: number;
  readonly error: Payload;
}
