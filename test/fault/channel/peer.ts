/**
 * One side of a switching channel on descriptor 3: `peer.js SIDE HOW`. It answers each frame with one of its own, numbered; a
 * frame that says so has it send more than the rings hold, and close.
 */
import { Socket } from "node:net";
import { SwitchingChannel } from "#lib/channel/switching.js";
import { flood, isFlood, makeFrame, paySoon } from "./frames.js";

const [, , side, how] = process.argv;
if (side !== "host" && side !== "worker") throw new Error(`unknown side ${side}`);
paySoon();
const channel = new SwitchingChannel(new Socket({ fd: 3, readable: true, writable: true }), side);
let next = 0;
const send = (count: number): void => {
  for (let sent = 0; sent < count; sent++) channel.send(makeFrame(next++, how === "large"));
};
channel.listen({
  onFrame(frame) {
    if (!isFlood(frame)) return send(1);
    send(flood);
    void channel.close();
  },
  onClosed: () => {},
});
