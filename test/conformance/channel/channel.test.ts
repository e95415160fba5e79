/** One suite over every implementation of `Channel`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Channel, Frame } from "#lib/channel/channel.js";
import { ClosedError, DecodeError } from "#lib/errors.js";
import { implementations } from "./pairs.js";

/** What a listener was told, as it came. */
interface Heard {
  readonly frames: Frame[];
  readonly closed: Promise<Error | undefined>;
  isClosed: boolean;
}

function hear(channel: Channel): Heard {
  let close: (error: Error | undefined) => void = () => {};
  const heard: Heard = { frames: [], closed: new Promise((resolve) => (close = resolve)), isClosed: false };
  channel.listen({
    onFrame: (received) => {
      assert.equal(heard.isClosed, false, "a frame came after onClosed");
      heard.frames.push(received);
    },
    onClosed: (error) => {
      assert.equal(heard.isClosed, false, "onClosed came twice");
      heard.isClosed = true;
      close(error);
    },
  });
  return heard;
}

function frame(size: number, attachmentSizes: readonly number[] = []): Frame {
  return { body: bytes(size), attachments: attachmentSizes.map(bytes) };
}

/** A loop, for there are hundreds of megabytes of them. */
function bytes(size: number): Uint8Array {
  const all = new Uint8Array(size);
  for (let index = 0; index < size; index++) all[index] = (index * 7 + size) % 251;
  return all;
}

/** Compared in one go: an assertion for every byte would take minutes. */
function same(actual: Frame | undefined, expected: Frame): void {
  assert.ok(actual !== undefined, "the frame did not arrive");
  assert.equal(actual.attachments.length, expected.attachments.length);
  for (const [index, part] of [expected.body, ...expected.attachments].entries()) {
    const received: Uint8Array | undefined = index === 0 ? actual.body : actual.attachments[index - 1];
    assert.equal(received?.length, part.length);
    assert.equal(Buffer.compare(received ?? new Uint8Array(), part), 0);
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `gave up waiting until ${what}`);
    await turn();
  }
}

for (const { name, connect, hasTalked = false } of implementations) {
  const firstListener = { skip: hasTalked && "it has had a listener before" };

  test(`${name}: frames of every size arrive whole, once and in order`, async () => {
    const { host, worker } = await connect();
    const heard = hear(worker);
    hear(host);
    const sizes = [0, 1, 7, 8, 9, 4096, 16_383, 16_384, 16_385, 65_535, 65_536, 300_000, 3_000_000, 0, 5];
    for (const size of sizes) host.send(frame(size));
    for (const size of sizes) host.send(frame(size, [0, size, 1]));
    await host.close();
    assert.equal(await heard.closed, undefined);
    assert.equal(heard.frames.length, sizes.length * 2);
    for (const [index, size] of sizes.entries()) {
      same(heard.frames[index], frame(size));
      same(heard.frames[sizes.length + index], frame(size, [0, size, 1]));
    }
  });

  test(`${name}: both directions carry at once, more than any buffer holds`, async () => {
    const { host, worker } = await connect();
    const atHost = hear(host);
    const atWorker = hear(worker);
    for (let count = 0; count < 40; count++) {
      host.send(frame(10, [1_000_000]));
      worker.send(frame(20, [1_000_000]));
    }
    await until(() => atHost.frames.length === 40 && atWorker.frames.length === 40, "all frames have arrived");
    same(atHost.frames[39], frame(20, [1_000_000]));
    same(atWorker.frames[39], frame(10, [1_000_000]));
    await Promise.all([host.close(), worker.close()]);
  });

  test(`${name}: a received attachment owns its memory`, async () => {
    const { host, worker } = await connect();
    const heard = hear(worker);
    hear(host);
    host.send(frame(3, [20_000, 8]));
    await host.close();
    await heard.closed;
    for (const attachment of heard.frames[0]?.attachments ?? []) {
      assert.equal(attachment.byteOffset, 0);
      assert.equal(attachment.buffer.byteLength, attachment.byteLength);
    }
    assert.equal(heard.frames[0]?.attachments.length, 2);
  });

  test(`${name}: a body that shares its memory with others leaves them alone`, async () => {
    const { host, worker } = await connect();
    const heard = hear(worker);
    hear(host);
    const slab = Buffer.from("first second");
    host.send({ body: slab.subarray(0, 5), attachments: [] });
    host.send({ body: slab.subarray(6), attachments: [] });
    assert.equal(slab.toString(), "first second");
    await host.close();
    await heard.closed;
    assert.deepEqual(
      heard.frames.map(({ body }) => Buffer.from(body).toString()),
      ["first", "second"],
    );
  });

  test(`${name}: frames that came before there was a listener are kept`, firstListener, async () => {
    const { host, worker } = await connect();
    hear(host);
    host.send(frame(1));
    host.send(frame(2));
    for (let count = 0; count < 5; count++) await turn();
    const heard = hear(worker);
    assert.equal(heard.frames.length, 0, "a listener ran inside listen()");
    await until(() => heard.frames.length === 2, "the kept frames have come");
    await host.close();
    await heard.closed;
  });

  test(`${name}: no listener runs inside send()`, async () => {
    const { host, worker } = await connect();
    const heard = hear(worker);
    hear(host);
    host.send(frame(1));
    assert.equal(heard.frames.length, 0);
    await host.close();
    await heard.closed;
    assert.equal(heard.frames.length, 1);
  });

  test(`${name}: close() ends both sides, and send() says so afterwards`, async () => {
    const { host, worker } = await connect();
    const atHost = hear(host);
    const atWorker = hear(worker);
    assert.equal(host.isOpen, true);
    await Promise.all([host.close(), host.close()]);
    assert.equal(await atHost.closed, undefined);
    assert.equal(await atWorker.closed, undefined);
    for (const channel of [host, worker]) {
      assert.equal(channel.isOpen, false);
      assert.throws(() => channel.send(frame(1)), ClosedError);
    }
    await worker.close();
  });

  test(`${name}: the peer's end is told to a listener that comes late`, firstListener, async () => {
    const { host, worker } = await connect();
    hear(host);
    host.send(frame(9));
    const closing = host.close();
    for (let count = 0; count < 5; count++) await turn();
    const heard = hear(worker);
    assert.equal(await heard.closed, undefined);
    assert.equal(heard.frames.length, 1);
    await closing;
  });

  test(`${name}: destroy() ends at once; the peer sees the end`, async () => {
    const { host, worker } = await connect();
    const atHost = hear(host);
    const atWorker = hear(worker);
    host.destroy();
    assert.equal(host.isOpen, false);
    assert.throws(() => host.send(frame(1)), ClosedError);
    assert.equal(await atHost.closed, undefined);
    assert.equal(await atWorker.closed, undefined);
    await Promise.all([host.close(), worker.close()]);
  });

  test(`${name}: destroy() inside a listener lets no further frame through`, async () => {
    const { host, worker } = await connect();
    hear(host);
    let count = 0;
    const closed = new Promise<void>((resolve) => {
      worker.listen({
        onFrame: () => {
          count += 1;
          worker.destroy();
        },
        onClosed: () => resolve(),
      });
    });
    for (let sent = 0; sent < 10; sent++) host.send(frame(5));
    await closed;
    assert.equal(count, 1);
  });

  test(`${name}: drained() waits while the peer does not take, and goes on when it does`, firstListener, async () => {
    const { host, worker } = await connect();
    hear(host);
    await host.drained();
    for (let count = 0; count < 8; count++) host.send(frame(10, [1_000_000]));
    assert.ok(host.bufferedBytes > 1_000_000);
    let isDrained = false;
    const drained = host.drained().then(() => (isDrained = true));
    for (let count = 0; count < 20; count++) await turn();
    assert.equal(isDrained, false, "drained() resolved although nobody took anything");
    const heard = hear(worker);
    await drained;
    await until(() => heard.frames.length === 8, "all frames have arrived");
    await host.close();
  });

  test(`${name}: drained() resolves when the channel closes instead`, async () => {
    const { host, worker } = await connect();
    hear(host);
    for (let count = 0; count < 8; count++) host.send(frame(10, [1_000_000]));
    const drained = host.drained();
    worker.destroy();
    await drained;
    await host.close();
  });

  test(`${name}: what is no frame breaks the channel with a DecodeError`, async () => {
    const { host, worker, corrupt } = await connect();
    const atHost = hear(host);
    const atWorker = hear(worker);
    corrupt();
    assert.ok((await atHost.closed) instanceof DecodeError);
    await atWorker.closed;
    assert.equal(host.isOpen, false);
  });

  test(`${name}: a listener that refuses a frame with a DecodeError breaks the channel with it`, async () => {
    const { host, worker } = await connect();
    hear(worker);
    const refusal = new DecodeError("no message of mine");
    const closed = new Promise<Error | undefined>((resolve) => {
      host.listen({
        onFrame() {
          throw refusal;
        },
        onClosed: resolve,
      });
    });
    worker.send(frame(4));
    worker.send(frame(4));
    assert.equal(await closed, refusal);
    await worker.close();
  });
}
