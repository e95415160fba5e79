/** Two connected channels in this process, for each implementation. */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { MessageChannel } from "node:worker_threads";
import type { Channel } from "#lib/channel/channel.js";
import { PortChannel } from "#lib/channel/port.js";
import { RingChannel } from "#lib/channel/ring.js";
import { RingEnd } from "#lib/channel/ring-end.js";
import { dataStart } from "#lib/channel/ring-layout.js";
import { StreamChannel } from "#lib/channel/stream.js";
import { pays, SwitchingChannel } from "#lib/channel/switching.js";

export interface Pair {
  readonly host: Channel;
  readonly worker: Channel;
  /** Sends something that is no frame from the worker's end. */
  corrupt(): void;
}

export interface Implementation {
  readonly name: string;
  /** Whether the pair has talked before, so that both sides have had a listener. */
  readonly hasTalked?: boolean;
  connect(): Promise<Pair>;
}

export const implementations: readonly Implementation[] = [
  {
    name: "stream",
    async connect() {
      const [near, far] = await socketPair();
      return { host: new StreamChannel(near), worker: new StreamChannel(far), corrupt: () => far.write(nonsense) };
    },
  },
  switching("after a while", {}),
  switching("at once", { frames: 0 }),
  switching("amid the traffic", { frames: 6, bytes: Infinity, largeBytes: Infinity }),
  switching("never", { frames: Infinity, bytes: Infinity, largeBytes: Infinity }),
  { ...switching("before the traffic", { frames: 0 }), hasTalked: true, connect: connectShared },
  {
    name: "port",
    async connect() {
      const { port1, port2 } = new MessageChannel();
      return { host: new PortChannel(port1), worker: new PortChannel(port2), corrupt: () => port2.postMessage("nonsense") };
    },
  },
  {
    name: "ring",
    async connect() {
      const [near, far] = RingEnd.pair();
      const corrupt = (): void => {
        const { words } = far.rings;
        // A record of a kind that there is not.
        words.int32[dataStart(1) / 4 + 1] = 3;
        Atomics.add(words.int32, far.writer.tellIndex, 8);
        words.wake(far.writer.tellIndex, Infinity);
      };
      return { host: new RingChannel(near), worker: new RingChannel(far), corrupt };
    },
  },
];

/** A frame with one attachment of a size that no memory has. */
const nonsense = Buffer.alloc(16);
nonsense.writeUInt32LE(1, 4);
nonsense.writeDoubleLE(-1, 8);

const usual = { ...pays };

/** The channel that changes from a stream to rings, and when. */
function switching(when: string, limits: Partial<typeof pays>): Implementation {
  return {
    name: `switching ${when}`,
    async connect() {
      Object.assign(pays, usual, limits);
      const [near, far] = await socketPair();
      const corrupt = (): void => void far.write(nonsense);
      return { host: new SwitchingChannel(near, "host"), worker: new SwitchingChannel(far, "worker"), corrupt };
    },
  };
}

/** A pair that has changed, and has sent frames both ways since. */
async function connectShared(): Promise<Pair> {
  const pair = await switching("", { frames: 0 }).connect();
  const { host, worker } = pair;
  const seen = { isShared: false };
  host.listen({ onFrame: () => {}, onClosed: () => {}, onShared: () => (seen.isShared = true) });
  worker.listen({ onFrame: (frame) => worker.send(frame), onClosed: () => {} });
  // The rings are offered with the first frame after they were made.
  while (!seen.isShared) {
    host.send({ body: new Uint8Array(1), attachments: [] });
    await turn();
  }
  const last = new Promise<void>((resolve) => {
    host.listen({ onFrame: ({ body }) => body.length === 2 && resolve(), onClosed: () => {} });
  });
  host.send({ body: new Uint8Array(2), attachments: [] });
  await last;
  return pair;
}

let lastPair = 0;

export async function socketPair(): Promise<[Socket, Socket]> {
  const path = join(tmpdir(), `pair-${process.pid}-${++lastPair}`);
  const server = createServer().listen(path);
  await once(server, "listening");
  const near = connect(path);
  const [far] = (await once(server, "connection")) as [Socket];
  server.close();
  rmSync(path, { force: true });
  return [near, far];
}
