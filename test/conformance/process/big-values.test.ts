/** Values of a size that breaks what copies once too often, recurses, or waits for the other side to read first. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Pool } from "manyhands";
import { backends } from "./backends.js";

const hugeBytes = 256 << 20;

interface Nested {
  inner: Nested | undefined;
}

for (const { kind, Process } of backends) {
  test(`${kind}: a buffer of 256 MiB arrives as argument, and as result`, { timeout: 240_000 }, async () => {
    const sent = Buffer.alloc(hugeBytes);
    for (let at = 0; at < hugeBytes; at += 4096) sent.writeUInt32LE(at, at);
    const digest = createHash("sha1").update(sent).digest("hex");
    const target = (received: Buffer) => {
      const { createHash: hash } = process.getBuiltinModule("node:crypto");
      return { digest: hash("sha1").update(received).digest("hex"), bytes: received };
    };
    const answer = await new Process(target, [sent]).start().result();
    assert.equal(answer.digest, digest);
    assert.ok(Buffer.isBuffer(answer.bytes));
    assert.ok(sent.equals(answer.bytes));
  });

  test(`${kind}: lists of a million items of any kind arrive`, { timeout: 240_000 }, async () => {
    const numbers = Array.from({ length: 1_000_000 }, (_, index) => index / 2);
    const words = numbers.map((n) => `word ${n}`);
    const records = numbers.map((n) => ({ n, isWhole: Number.isInteger(n) }));
    const target = (...lists: unknown[]): unknown => lists;
    const sent = [numbers, words, records];
    const received = await new Process(target, sent).start().result();
    // As one text: an assertion for every item would take longer than the way there and back.
    assert.ok(JSON.stringify(received) === JSON.stringify(sent));
  });

  test(`${kind}: a chain of 100,000 objects arrives`, { timeout: 240_000 }, async () => {
    let chain: Nested | undefined;
    for (let depth = 0; depth < 100_000; depth++) chain = { inner: chain };
    const returned = await new Process((value: Nested | undefined) => value, [chain]).start().result();
    let depth = 0;
    for (let at = returned; at !== undefined; at = at.inner) depth += 1;
    assert.equal(depth, 100_000);
  });
}

test("big arguments and big results pass one another", { timeout: 240_000 }, async () => {
  await using pool = new Pool(2);
  const sizeBytes = 24 << 20;
  const task = (bytes: Uint8Array, size: number): [number, Uint8Array] => [bytes.length, new Uint8Array(size)];
  const results = Array.from({ length: 8 }, () => pool.apply(task, [new Uint8Array(sizeBytes), sizeBytes]));
  for (const [received, returned] of await Promise.all(results)) assert.deepEqual([received, returned.length], [sizeBytes, sizeBytes]);
});
