/** The first module of a worker process: its channel is descriptor 3. */
import { Socket } from "node:net";
import { StreamChannel } from "../channel/stream.js";
import { runWorker } from "./runtime.js";

runWorker({ channel: new StreamChannel(new Socket({ fd: 3, readable: true, writable: true })), isThread: false });
