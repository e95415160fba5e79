/**
 * The first module of every worker. A process has its channel as descriptor 3; a thread got it as a port.
 * `npm run build` also makes one file of this module and all it imports (`runtime.cjs`), which starts several times faster.
 */
import { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { isMainThread, MessagePort, workerData } from "node:worker_threads";
import { PortChannel } from "../channel/port.js";
import { SwitchingChannel } from "../channel/switching.js";
import { dieWithParent } from "../platform/parent-death.js";
import type { Identity } from "../wire/messages.js";
import { runWorker } from "./runtime.js";

if (isMainThread) {
  const channel = new SwitchingChannel(new Socket({ fd: 3, readable: true, writable: true }), "worker");
  runWorker({ channel, onIdentity: shieldPool, onBoot: bootProcess });
} else {
  runWorker({ channel: new PortChannel(ownPort(workerData)), onIdentity: () => {}, onBoot: async () => {} });
}

/** Ctrl-C reaches the whole group; what becomes of a pool is its host's to decide. */
function shieldPool({ role }: Identity): void {
  if (role === "pool") process.on("SIGINT", () => {});
}

async function bootProcess({ parent }: Identity): Promise<void> {
  // Before the first task, which may be an endless loop; after `ready`, so that the host goes on meanwhile.
  if (!dieWithParent(parent.pid)) return;
  // A parent thread that had ended before the kernel was asked has closed its end of the channel even earlier. That is seen
  // when the event loop next looks for input: after the immediates of this turn, before those of the next.
  await turn();
  await turn();
}

function ownPort(data: unknown): MessagePort {
  const port: unknown = typeof data === "object" && data !== null ? Reflect.get(data, "port") : undefined;
  if (!(port instanceof MessagePort)) throw new TypeError("Cannot run a worker: this thread was not started as one");
  return port;
}
