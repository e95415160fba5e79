/** The other end of a ring channel, in a process or a thread: sends back every frame, until the channel closes. */
import { writeSync } from "node:fs";
import { isMainThread, workerData } from "node:worker_threads";
import { RingChannel } from "#lib/channel/ring.js";
import { RingEnd, type SentEnd } from "#lib/channel/ring-end.js";

interface Given {
  readonly end: SentEnd;
  /** Does not keep the event loop alive for the channel's sake. */
  readonly isIdle?: boolean;
}

const given: Given = isMainThread ? JSON.parse(process.argv[3] ?? "null") : workerData;
const channel = new RingChannel(RingEnd.attach(given.end));
channel.listen({ onFrame: (frame) => channel.send(frame), onClosed: () => {} });
if (given.isIdle === true) channel.unref();
if (isMainThread) writeSync(1, "ready\n");
