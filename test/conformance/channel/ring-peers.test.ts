/** The ring channel between processes and threads, and when its peer is killed. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import type { Frame } from "#lib/channel/channel.js";
import { RingChannel } from "#lib/channel/ring.js";
import { RingEnd, type SentEnd } from "#lib/channel/ring-end.js";
import { ClosedError } from "#lib/errors.js";
import { end, said, start, until } from "../../fault/memory/children.js";

const program = new URL("./ring-peer.js", import.meta.url);
const sizes = [0, 1, 9, 4096, 30_000, 40_000, 1_000_000, 2_000_000];

/** A channel of this process, and the other end, for somebody else: `letGo` of that when it has arrived, since its name keeps nothing. */
function open(): {
  readonly channel: RingChannel;
  readonly frames: Frame[];
  readonly closed: Promise<Error | undefined>;
  readonly far: SentEnd;
  readonly letGo: () => void;
} {
  const [near, far] = RingEnd.pair();
  const channel = new RingChannel(near);
  const frames: Frame[] = [];
  const closed = new Promise<Error | undefined>((resolve) => {
    channel.listen({ onFrame: (frame) => frames.push(frame), onClosed: resolve });
  });
  return { channel, frames, closed, far: far.send(), letGo: () => far.release() };
}

function frameOf(number: number): Frame {
  const size = sizes[number % sizes.length] ?? 0;
  return { body: new Uint8Array(size).fill(number), attachments: number % 2 === 0 ? [] : [new Uint8Array(size).fill(number + 1)] };
}

function assertFrames(frames: readonly Frame[]): void {
  for (const [number, frame] of frames.entries()) {
    const expected = frameOf(number);
    assert.equal(Buffer.compare(frame.body, expected.body), 0, `body ${number}`);
    assert.equal(frame.attachments.length, expected.attachments.length);
    for (const [index, part] of expected.attachments.entries()) {
      assert.equal(Buffer.compare(frame.attachments[index] ?? new Uint8Array(1), part), 0, `attachment of ${number}`);
    }
  }
}

for (const kind of ["process", "thread"] as const) {
  test(`ring: a ${kind} sends back every frame, and closes when this side does`, async () => {
    const { channel, frames, closed, far, letGo } = open();
    const peer = kind === "process" ? start("echo", { end: far }, { program }) : new Worker(program, { workerData: { end: far } });
    const ending = once(peer, "exit");
    for (let number = 0; number < 70; number++) {
      channel.send(frameOf(number));
      if (number % 10 === 0) await channel.drained();
    }
    await until(() => frames.length === 70, "70 frames");
    letGo();
    assertFrames(frames);
    await channel.close();
    assert.equal(await closed, undefined);
    assert.equal((await ending)[0], 0);
  });
}

test("ring: when the peer is killed, whole frames arrive, then the end, and send() says so", async () => {
  for (let kill = 0; kill < 5; kill++) {
    const { channel, frames, closed, far, letGo } = open();
    const peer = start("echo", { end: far }, { program });
    await said(peer);
    letGo();
    for (let number = 0; number < 70; number++) channel.send(frameOf(number));
    await until(() => frames.length > kill * 10, "some frames");
    peer.kill("SIGKILL");
    assert.equal(await closed, undefined);
    assertFrames(frames);
    assert.equal(channel.isOpen, false);
    assert.throws(() => channel.send(frameOf(0)), ClosedError);
    await channel.close();
    assert.equal(await end(peer), "SIGKILL");
  }
});

test("ring: a peer that left nothing unread is not said to have, one that was killed before it read is", async () => {
  const { channel, closed, far, letGo } = open();
  const peer = start("echo", { end: far }, { program });
  await said(peer);
  letGo();
  peer.kill("SIGSTOP");
  await until(() => /^State:\s+T/m.test(readFileSync(`/proc/${peer.pid}/status`, "utf8")), "stop");
  channel.send(frameOf(3));
  peer.kill("SIGKILL");
  await closed;
  assert.equal(channel.peerLeftUnread, true);
  const [near, gone] = RingEnd.pair();
  const other = new RingChannel(near);
  gone.release();
  await new Promise<void>((resolve) => other.listen({ onFrame: () => {}, onClosed: () => resolve() }));
  assert.equal(other.peerLeftUnread, false);
});

test("ring: a channel that is not referenced lets its process end", async () => {
  const { closed, far, letGo } = open();
  const peer = start("echo", { end: far, isIdle: true }, { program });
  await said(peer);
  letGo();
  assert.equal(await end(peer), 0);
  assert.equal(await closed, undefined);
});
