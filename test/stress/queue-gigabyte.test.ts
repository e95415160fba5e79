/** A producer that has put a gigabyte ends before anybody takes any of it; neither side needs a heap of that size. */
import assert from "node:assert/strict";
import { readdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Process, Queue } from "manyhands";
import { session } from "#lib/memory/session.js";

const megabyte = 1 << 20;
const gigabyte = 1 << 30;
/** A file of its own each, then chunks of many. */
const sizes = [8 * megabyte, 100_000, 1_000];
/** What Node needs by itself, and what the collector has not come to yet. */
const enoughBytes = 256 * megabyte;

const { bsize, bavail } = statfsSync("/dev/shm");
const skip = bsize * bavail < 1.2 * gigabyte ? "needs 1.2 GB of shared memory" : false;

test("a producer of 1 GB is joined before anybody takes, and all of it is there", { skip }, async (t) => {
  const queue = new Queue<Buffer>();
  const producer = new Process(
    (target: Queue<Buffer>, total: number, ofEach: readonly number[]) => {
      let count = 0;
      let most = 0;
      for (const size of ofEach) {
        for (let put = 0; put < total / ofEach.length; put += size) {
          const item = Buffer.alloc(size, count & 255);
          item.writeUInt32LE(count++);
          target.putSync(item);
          if (count % 64 === 0) most = Math.max(most, process.memoryUsage().heapUsed + process.memoryUsage().external);
        }
      }
      return { count, most };
    },
    [queue, gigabyte, sizes],
  ).start();
  assert.equal(await producer.join(), 0);
  const { count, most } = await producer.result();
  t.diagnostic(`${count} items; the producer had at most ${Math.round(most / megabyte)} MB`);
  assert.ok(most < enoughBytes, `the producer had ${most} bytes`);
  assert.equal(queue.size, count);
  let received = 0;
  for (let number = 0; number < count; number++) {
    const item = number % 2 === 0 ? queue.getSync() : await queue.get();
    assert.equal(item.readUInt32LE(), number);
    assert.ok(item.subarray(4).equals(Buffer.alloc(item.length - 4, number & 255)));
    received += item.length;
    if (number % 64 === 0) {
      const { heapUsed, external } = process.memoryUsage();
      assert.ok(heapUsed + external < enoughBytes, `the consumer has ${heapUsed + external} bytes`);
    }
  }
  assert.ok(received >= gigabyte);
  assert.equal(queue.size, 0);
  // All but what the queue keeps for the next items has been given back.
  const { folder } = session();
  const left = readdirSync(folder).filter((name) => name.startsWith("segment-"));
  const leftBytes = left.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  assert.ok(leftBytes < 32 * megabyte, `${leftBytes} bytes in ${left.join()}`);
});
