import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { BlockWriter } from "#lib/cli/output/block-writer.js";

/** A stream that takes a write only when it is told to. */
class SlowStream extends Writable {
  written = "";
  #take: (error?: Error) => void = () => {};

  constructor() {
    super({ highWaterMark: 4, decodeStrings: false });
  }

  override _write(text: string, _encoding: string, taken: (error?: Error | null) => void): void {
    this.#take = (error) => {
      this.written += text;
      taken(error ?? null);
    };
  }

  take(error?: Error): void {
    this.#take(error);
  }
}

test("write waits for a slow reader, and flush for everything", async () => {
  const stream = new SlowStream();
  const writer = new BlockWriter(stream);
  const written = writer.write("0123456789");
  assert.equal(stream.writableNeedDrain, true);
  stream.take();
  await written;
  const flushed = writer.write("a").then(() => writer.flush());
  setImmediate(() => stream.take());
  setImmediate(() => setImmediate(() => stream.take()));
  await flushed;
  assert.equal(stream.written, "0123456789a");
});

test("a reader that goes away ends the wait, is no error, and is told once", async () => {
  const stream = new SlowStream();
  let closings = 0;
  const writer = new BlockWriter(stream, () => (closings += 1));
  const written = writer.write("0123456789");
  stream.take(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  await written;
  await writer.write("more");
  await writer.flush();
  assert.deepEqual([writer.isClosed, writer.error, closings], [true, undefined, 1]);
});

test("any other failure is kept", async () => {
  const stream = new SlowStream();
  const writer = new BlockWriter(stream);
  const written = writer.write("0123456789");
  const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });
  stream.take(full);
  await written;
  assert.equal(writer.error, full);
});

test("abandon ends the wait for a reader that does not read", async () => {
  const writer = new BlockWriter(new SlowStream());
  const written = writer.write("0123456789");
  writer.abandon();
  await written;
  await writer.flush();
  assert.equal(writer.isClosed, true);
});
