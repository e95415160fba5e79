/**
 * Every kind of shared object, and the module in which it comes to life again; loaded when the first of its kind arrives.
 * The one file that names modules of layers above its own: nothing is loaded by it until then.
 */
import type { SharedKinds } from "../memory/handle.js";
import type { Face } from "./face.js";

export const sharedKinds: SharedKinds = {
  barrier: () => import("../sync/barrier.js"),
  lock: () => import("../sync/lock.js"),
  rlock: () => import("../sync/rlock.js"),
  semaphore: () => import("../sync/semaphore.js"),
  "bounded-semaphore": () => import("../sync/bounded-semaphore.js"),
  condition: () => import("../sync/condition.js"),
  event: () => import("../sync/event.js"),
  connection: () => import("../pipe/pipe-end.js"),
  "shared-value": () => import("../shared/shared-value.js"),
  "shared-array": () => import("../shared/shared-array.js"),
  "shared-struct": () => import("../shared/shared-struct.js"),
  "shared-struct-array": () => import("../shared/shared-struct-array.js"),
  "shared-memory": () => import("../shared/shared-memory.js"),
  "shareable-list": () => import("../shared/shareable-list.js"),
  queue: () => import("../queue/queue.js"),
  "joinable-queue": () => import("../queue/joinable-queue.js"),
};

/** What the library itself exports: `face.ts`. */
export const faces: Readonly<Record<Face, () => Promise<object>>> = {
  index: () => import("../index.js"),
  threads: () => import("../threads.js"),
  "run-instance": () => import("../process/run-instance.js"),
};
