import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { ResourceLimitError, StateError } from "#lib/errors.js";
import { allocator } from "#lib/memory/allocator.js";
import { Block } from "#lib/memory/block.js";
import { membership } from "#lib/memory/membership.js";
import { createSegment } from "#lib/memory/segment.js";
import { Lock } from "#lib/sync/lock.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `no ${what} within a minute`);
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function segmentFiles(): string[] {
  return readdirSync(membership().session.folder).filter((name) => name.startsWith("segment-"));
}

test("a new block is zeroed, even where an old one was", () => {
  for (const sizeBytes of [1, 64, 100, 4096, 10_000]) {
    const block = Block.allocate(sizeBytes);
    assert.ok(block.sizeBytes >= sizeBytes);
    new Uint8Array(block.buffer).fill(255, 0, sizeBytes);
    block.release();
    const again = new Uint8Array(Block.allocate(sizeBytes).buffer, 0, sizeBytes);
    assert.ok(again.every((byte) => byte === 0));
  }
});

test("blocks start on cache lines and do not overlap", () => {
  const blocks = Array.from({ length: 3000 }, () => Block.allocate(64));
  for (const [number, block] of blocks.entries()) block.words.int32.fill(number + 1, block.at, block.at + 16);
  for (const [number, { words, at }] of blocks.entries()) {
    assert.equal((at * 4) % 64, 0);
    assert.ok(words.int32.subarray(at, at + 16).every((word) => word === number + 1));
  }
  for (const block of blocks) block.release();
});

test("the buffer of a block is the block's memory and nothing else", () => {
  const block = Block.allocate(200);
  assert.equal(block.buffer.byteLength, 256);
  assert.equal(block.buffer, block.buffer);
  new Int32Array(block.buffer)[3] = 99;
  assert.equal(block.words.int32[block.at + 3], 99);
});

test("a buffer that is still in use keeps the memory when the block is gone", async () => {
  const view = ((): Uint8Array => new Uint8Array(Block.allocate(64).buffer))();
  view.fill(7);
  for (let round = 0; round < 5; round++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let number = 0; number < 2000; number++) Block.allocate(64).release();
  assert.ok(view.every((byte) => byte === 7));
});

test("a block that was released cannot be attached to by a handle from before", () => {
  const block = Block.allocate(64);
  const location = block.send();
  Block.attach(location).release();
  block.release();
  assert.throws(() => Block.attach(location), StateError);
  const others = Array.from({ length: 1000 }, () => Block.allocate(64));
  assert.throws(() => Block.attach(location), StateError);
  for (const other of others) other.release();
});

test("a handle keeps nothing by itself: its block goes with its last holder", () => {
  const block = Block.allocate(64);
  const location = structuredClone(block.send());
  block.release();
  assert.throws(() => Block.attach(location), StateError);
});

test("a buffer cannot be moved to where it would be unmapped under its user", () => {
  const { buffer } = Block.allocate(100_000);
  try {
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
  } catch {
    // Refused, from Node 21 on; copied before.
  }
  assert.equal(buffer.byteLength, 100_000);
});

test("100,000 locks that are made and dropped leave blocks and arenas where they were", async () => {
  collectGarbage();
  new Lock();
  const before = allocator().usage();
  for (let made = 0; made < 100_000; made++) new Lock();
  await until(() => allocator().usage().blocks <= before.blocks, "memory that came back");
  await until(() => allocator().usage().arenas <= before.arenas + 1, "arenas that were given back");
});

test("1,000 segments of 8 MiB that are made and dropped leave no file", async () => {
  const before = segmentFiles().length;
  // In a function of its own, whose last block nobody remembers.
  ((): void => {
    for (let made = 0; made < 1000; made++) {
      const block = Block.allocate(8 << 20);
      new Uint8Array(block.buffer)[made] = 1;
      block.release();
    }
  })();
  await until(() => segmentFiles().length <= before, "segments that were removed");
});

test("a segment that is dropped without being released goes when it is collected", async () => {
  const before = segmentFiles().length;
  ((): void => {
    for (let made = 0; made < 5; made++) new Uint8Array(Block.allocate(1 << 20).buffer).fill(1);
  })();
  await until(() => segmentFiles().length <= before, "segments that were removed");
});

test("what a thread held comes back when the thread has ended", async () => {
  const before = allocator().usage().blocks;
  const program = `
    import(${JSON.stringify(new URL("../../../../dist/memory/block.js", import.meta.url).href)}).then(({ Block }) => {
      globalThis.kept = Array.from({ length: 100 }, () => Block.allocate(64));
    });
  `;
  const thread = new Worker(program, { eval: true });
  await new Promise((resolve) => thread.once("exit", resolve));
  assert.ok(allocator().usage().blocks <= before);
});

test("where shared memory has only 1 MiB, objects go to the temporary folder", (t) => {
  const program = new URL("./small-program.js", import.meta.url).pathname;
  const script = 'mount -t tmpfs -o size=1m tmpfs /dev/shm && "$0" "$1"; status=$?; ls -A /dev/shm; exit $status';
  const run = spawnSync("unshare", ["-m", "sh", "-c", script, process.execPath, program], {
    encoding: "utf8",
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "MANYHANDS_SESSION")),
  });
  if (/unshare|mount|permission/i.test(run.stderr) || run.error !== undefined) {
    t.skip("no right to mount a file system here");
    return;
  }
  assert.equal(run.stderr, "");
  assert.equal(run.status, 0);
  assert.equal(run.stdout, "20000 locks, a 67108864-byte segment in the temporary folder, and another process saw both\n");
});

test("memory that the machine does not have is refused with figures and a remedy", () => {
  const { folder, spillFolder } = membership().session;
  assert.throws(
    () => createSegment([folder, spillFolder], "segment-0", 2 ** 50),
    (error) => error instanceof ResourceLimitError && /KiB free/.test(error.message) && /--shm-size/.test(error.message),
  );
  assert.equal(existsSync(join(folder, "segment-0")), false);
  assert.equal(existsSync(join(spillFolder, "segment-0")), false);
  const before = allocator().usage().blocks;
  assert.throws(() => Block.allocate(2 ** 50), ResourceLimitError);
  assert.equal(allocator().usage().blocks, before);
});
