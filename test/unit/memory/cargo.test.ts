import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { EncodeError } from "#lib/errors.js";
import { allocator } from "#lib/memory/allocator.js";
import { Block } from "#lib/memory/block.js";
import { handleOf, type Handle, type Shareable } from "#lib/memory/handle.js";
import { Queue } from "#lib/queue/queue.js";
import { Pipe } from "#lib/pipe/pipe.js";
import { messageCodec } from "#lib/ship/codec.js";
import { Lock } from "#lib/sync/lock.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** A lock of which nobody has the object: what names it is let go of when the test says so. */
class Nameless implements Shareable {
  readonly #block: Block;

  constructor(block: Block) {
    this.#block = block;
  }

  [handleOf](): Handle {
    return { kind: "lock", data: this.#block.send() };
  }
}

function nameless(block: Block): Nameless {
  return new Nameless(block);
}

/** A message that names a lock which nobody holds any more. */
function messageOf(count = 1) {
  const blocks = Array.from({ length: count }, () => Block.allocate(64));
  const message = messageCodec().encode(blocks.map(nameless), "value");
  for (const block of blocks) block.release();
  return message;
}

function blocks(): number {
  return allocator().usage().blocks;
}

function use(value: unknown): void {
  assert.ok(value instanceof Lock);
  value.acquireSync({ timeout: 1000 })?.release();
}

async function untilBack(before: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (blocks() > before) {
    assert.ok(Date.now() < deadline, `${blocks() - before} blocks have not come back within 20 seconds`);
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

for (const count of [1, 5, 6, 400, 1000]) {
  test(`a message keeps the ${count} objects it names, and nothing of its own once it has been read`, async () => {
    const message = messageOf(count);
    await messageCodec().prepare(message);
    allocator().sweep();
    const before = blocks();
    const read = messageCodec().decode(message);
    assert.ok(Array.isArray(read) && read.length === count);
    for (const lock of read) use(lock);
    assert.ok(blocks() < before, "its consignment");
    assert.ok(blocks() >= count);
  });
}

test("what a message names goes with the message, if that is never read", async () => {
  await untilBack(0);
  const before = blocks();
  (() => assert.equal(messageOf(500).attachments.length, 0))();
  assert.ok(blocks() >= before + 500);
  await untilBack(before);
});

test("what cannot be encoded keeps nothing", () => {
  const before = blocks();
  const block = Block.allocate(64);
  assert.throws(() => messageCodec().encode([nameless(block), Symbol("no")], "value"), EncodeError);
  block.release();
  assert.equal(blocks(), before);
});

test("a message that is encoded while another one is keeps its own, and the other one its", async () => {
  const [outer, inner] = [Block.allocate(64), Block.allocate(64)];
  let within: ReturnType<typeof messageOf> | undefined;
  const value = {
    first: nameless(outer),
    get second() {
      within = messageCodec().encode(nameless(inner), "value");
      return 2;
    },
  };
  const message = messageCodec().encode(value, "value");
  outer.release();
  inner.release();
  await messageCodec().prepare(message);
  allocator().sweep();
  assert.ok(within !== undefined);
  use(messageCodec().decode(within));
  const read = messageCodec().decode(message) as { readonly first: unknown };
  use(read.first);
});

/** Puts a lock that nobody else has, and takes it again. */
const carriers = {
  queue: async () => {
    const queue = new Queue();
    return { put: (item: unknown) => queue.put(item), take: () => queue.get() };
  },
  "queue, leased": async () => {
    const queue = new Queue();
    const take = async (): Promise<unknown> => {
      (await queue.lease()).release();
      const lease = await queue.lease();
      lease.done();
      return lease.value;
    };
    return { put: (item: unknown) => queue.put(item), take };
  },
  "queue, leased and given back": async () => {
    const queue = new Queue();
    const take = async (): Promise<unknown> => {
      (await queue.lease()).release();
      return queue.get();
    };
    return { put: (item: unknown) => queue.put(item), take };
  },
  pipe: async () => {
    const [here, there] = Pipe();
    return { put: (item: unknown) => here.send(item), take: () => there.recv() };
  },
};

for (const [name, make] of Object.entries(carriers)) {
  for (const [size, filling] of [
    ["small", 10],
    ["with a part of its own", 20_000],
    ["large", 100_000],
    ["with a parcel", 2_000_000],
  ] as const) {
    test(`a ${name} keeps what a ${size} item names until that is taken`, async () => {
      await untilBack(0);
      await (async () => {
        const { put, take } = await make();
        const before = blocks();
        for (let round = 0; round < 3; round++) {
          const block = Block.allocate(64);
          await put([nameless(block), new Uint8Array(filling)]);
          block.release();
        }
        allocator().sweep();
        assert.equal(blocks(), before + 6);
        for (let round = 0; round < 3; round++) {
          const item = (await take()) as unknown[];
          use(item[0]);
          allocator().sweep();
        }
        assert.ok(blocks() <= before + 3, "only the locks");
      })();
      await untilBack(0);
    });
  }

  test(`a ${name} that is dropped with handles inside leaves memory where it was`, async () => {
    await untilBack(0);
    await (async () => {
      const { put } = await make();
      for (let round = 0; round < 50; round++) await put([new Lock(), new Uint8Array(round % 10 === 0 ? 50_000 : 10)]);
      assert.ok(blocks() >= 100);
    })();
    await untilBack(0);
  });
}

test("a queue that is shut down at once leaves nothing of what was in it", async () => {
  const queue = new Queue();
  const before = blocks();
  for (let round = 0; round < 50; round++) await queue.put([new Lock(), new Uint8Array(round % 10 === 0 ? 50_000 : 10)]);
  queue.shutdown({ immediate: true });
  await untilBack(before);
  assert.equal(queue.size, 0);
});

test("queues that are in one another, and nowhere else, go", async () => {
  await untilBack(0);
  await (async () => {
    const [first, second] = [new Queue(), new Queue()];
    await first.put(second);
    await second.put([first, second]);
  })();
  await untilBack(0);
});

test("a queue in a queue keeps what is in it", async () => {
  const outer = new Queue<Queue>();
  await (async () => {
    const inner = new Queue();
    await inner.put(new Lock());
    await outer.put(inner);
  })();
  for (let round = 0; round < 5; round++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
    allocator().sweep();
  }
  use(await (await outer.get()).get());
});

test("what waits for room is kept, and given back when it may not be put any more", async () => {
  const queue = new Queue({ maxSize: 1 });
  await queue.put(1);
  const before = blocks();
  const waiting = queue.put(new Lock(), { timeout: 1 });
  await assert.rejects(waiting, { code: "ERR_FULL" });
  await untilBack(before);
  const put = queue.put(new Lock());
  allocator().sweep();
  assert.equal(await queue.get(), 1);
  await put;
  use(await queue.get());
});
