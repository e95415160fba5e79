/** The first module of a worker thread: its channel came with it as a port. */
import { MessagePort, workerData } from "node:worker_threads";
import { PortChannel } from "../channel/port.js";
import { runWorker } from "./runtime.js";

const port: unknown = typeof workerData === "object" && workerData !== null ? Reflect.get(workerData, "port") : undefined;
if (!(port instanceof MessagePort)) throw new TypeError("Cannot run a worker: this thread was not started as one");
runWorker({ channel: new PortChannel(port), onBoot() {} });
