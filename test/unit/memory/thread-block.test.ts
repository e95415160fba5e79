/** Blocks between the threads of one process. Their life is the engine's, so what is tested is that it ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { UnsupportedError } from "#lib/errors.js";
import { checkReach } from "#lib/memory/reach.js";
import { isThreadLocation, ThreadBlock } from "#lib/memory/thread-block.js";
import { createCodec } from "#lib/wire/codec.js";
import { DecodeError } from "#lib/errors.js";
import { decodeHostMessage, encodeHostMessage } from "#lib/wire/frames.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const codec = createCodec({
  extensions: [
    {
      name: "block",
      dismantle: (value) => (value instanceof ThreadBlock ? { header: value.send(), children: [] } : undefined),
      assemble(header) {
        assert.ok(isThreadLocation(header));
        return { value: ThreadBlock.attach(header), fill() {} };
      },
    },
  ],
  loadModule: () => Promise.reject(new Error("none")),
});

test("a block has room for every element type, is zeroed, and keeps the last word for the waits", () => {
  for (const sizeBytes of [1, 8, 12, 4096, 100_001]) {
    const block = ThreadBlock.allocate(sizeBytes);
    assert.ok(block.sizeBytes >= sizeBytes);
    assert.equal(block.memory.byteLength % 8, 0);
    assert.ok(block.words.int32.every((word) => word === 0));
    assert.ok(block.words.int32.byteLength - 4 >= sizeBytes);
  }
});

test("a block travels by reference: the same memory, the same key, twice in one message", () => {
  const block = ThreadBlock.allocate(64);
  const { body, attachments } = codec.encode([block, ThreadBlock.allocate(64), block], "value");
  const [first, second, third] = codec.decode({ body, attachments }) as ThreadBlock[];
  block.words.int32[3] = 42;
  assert.equal(first?.words.int32[3], 42);
  assert.equal(first?.key, block.key);
  assert.equal(third, first);
  assert.notEqual(second?.key, block.key);
  const define = encodeHostMessage({ kind: "define", functionId: 1, code: { body, attachments } });
  const message = decodeHostMessage(define);
  assert.equal(message.kind === "define" && message.code.attachments[0]?.buffer, block.memory);
});

test("shared memory that comes as a copy is refused", () => {
  const { body, attachments } = codec.encode(ThreadBlock.allocate(64), "value");
  assert.throws(() => codec.decode({ body, attachments: attachments.map((part) => new Uint8Array(part)) }), DecodeError);
});

test("a message that names thread memory leaves the process nowhere", () => {
  const message = codec.encode(ThreadBlock.allocate(64), "value");
  assert.throws(() => checkReach({ sharesMemory: false }, message), UnsupportedError);
  checkReach({ sharesMemory: true }, message);
  checkReach({ sharesMemory: false }, codec.encode(new Uint8Array(100_000), "value"));
});

test("big blocks that nobody can reach do not pile up", () => {
  const before = process.memoryUsage.rss();
  let most = 0;
  for (let round = 0; round < 400; round++) {
    new Uint8Array(ThreadBlock.allocate(8 << 20).memory).fill(1);
    most = Math.max(most, process.memoryUsage.rss() - before);
  }
  assert.ok(most < 1600 << 20, `${most >> 20} MiB of 3200 at once`);
});

test("a wait that was given up does not keep the memory for good", async () => {
  const collected = new WeakRef(await waitedOn());
  const deadline = Date.now() + 60_000;
  while (collected.deref() !== undefined) {
    assert.ok(Date.now() < deadline, "the words are still reachable");
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
});

async function waitedOn(): Promise<object> {
  const { words } = ThreadBlock.allocate(64);
  assert.equal(await words.waitAsync(0, 0, { timeout: 1 }), "timed-out");
  return words;
}
