/** The first module of a worker process: its channel is descriptor 3. */
import { Socket } from "node:net";
import { StreamChannel } from "../channel/stream.js";
import { dieWithParent } from "../platform/parent-death.js";
import type { Identity } from "../wire/messages.js";
import { runWorker } from "./runtime.js";

runWorker({ channel: new StreamChannel(new Socket({ fd: 3, readable: true, writable: true })), onBoot });

function onBoot({ role, parent }: Identity): void {
  // Ctrl-C reaches the whole group; what becomes of a pool is its host's to decide.
  if (role === "pool") process.on("SIGINT", () => {});
  // Before the first task, which may be an endless loop; after `ready`, so that the host goes on meanwhile.
  dieWithParent(parent.pid);
}
