import assert from "node:assert/strict";
import { test } from "node:test";
import { DecodeError } from "#lib/errors.js";
import { joinedMessage, messageHeader, MessageReader } from "#lib/pipe/socket-messages.js";
import type { Incoming, Tag } from "#lib/pipe/transport.js";

interface Sent {
  readonly tag: Tag;
  readonly body: Uint8Array;
  readonly attachments: readonly Uint8Array[];
}

const sent: readonly Sent[] = [
  { tag: 0, body: bytes(0), attachments: [] },
  { tag: 1, body: bytes(1), attachments: [] },
  { tag: 0, body: bytes(5), attachments: [bytes(0), bytes(3)] },
  { tag: 1, body: bytes(0), attachments: [] },
  { tag: 0, body: bytes(0), attachments: [bytes(0)] },
  { tag: 1, body: bytes(70_000), attachments: [] },
  { tag: 0, body: bytes(3_000_000), attachments: [bytes(1_500_000), bytes(2)] },
];

for (const chunkBytes of [1, 7, 16, 4096, 65_536, 1e9]) {
  test(`messages arrive whole, in order and in memory of their own, in chunks of ${chunkBytes} bytes`, () => {
    // Byte by byte the large ones take too long.
    const messages = chunkBytes < 16 ? sent.slice(0, 5) : sent;
    const stream = Buffer.concat(
      messages.flatMap((message) => [messageHeader(message, message.tag), message.body, ...message.attachments]),
    );
    const received: Incoming[] = [];
    const reader = new MessageReader((message) => received.push(message));
    for (let at = 0; at < stream.length; at += chunkBytes) {
      const chunk = Uint8Array.from(stream.subarray(at, at + chunkBytes));
      reader.push(chunk);
      chunk.fill(0xee);
    }
    assert.equal(reader.isWithin, false);
    assert.equal(received.length, messages.length);
    for (const [index, message] of messages.entries()) {
      const { tag, body, attachments } = received[index] as Incoming;
      assert.equal(tag, message.tag);
      for (const [part, expected] of [body, ...attachments].map(
        (part, at) => [part, [message.body, ...message.attachments][at]] as const,
      )) {
        assert.ok(Buffer.from(part).equals(expected as Uint8Array));
        assert.equal(part.buffer.byteLength, part.length);
      }
    }
  });
}

test("joinedMessage() is the header and the body in one piece", () => {
  const message = { body: bytes(9), attachments: [] };
  assert.deepEqual(joinedMessage(message, 1), Buffer.concat([messageHeader(message, 1), message.body]));
});

test("a message that has begun is known to be incomplete", () => {
  const reader = new MessageReader(() => assert.fail("nothing is whole"));
  assert.equal(reader.isWithin, false);
  const stream = joinedMessage({ body: bytes(3), attachments: [] }, 0);
  reader.push(stream.subarray(0, 4));
  assert.equal(reader.isWithin, true);
  reader.push(stream.subarray(4, stream.length - 1));
  assert.equal(reader.isWithin, true);
});

test("lengths that nobody sends cost no memory before their bytes come", () => {
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 20 }, () => new MessageReader(() => {}));
  for (const reader of readers) reader.push(header({ tag: 0, count: 0, bodyBytes: 1e12 }));
  for (const reader of readers) reader.push(bytes(10));
  assert.ok(process.memoryUsage().arrayBuffers - before < 20 * 2 ** 21);
  const many = new MessageReader(() => {});
  many.push(header({ tag: 0, count: 0xffff_ffff, bodyBytes: 1 }));
  assert.ok(process.memoryUsage().arrayBuffers - before < 22 * 2 ** 21);
});

for (const [what, stream] of [
  ["an unknown tag", header({ tag: 2, count: 0, bodyBytes: 1 })],
  ["bytes where the zeros are", header({ tag: 0x0100, count: 0, bodyBytes: 1 })],
  ["a negative length", header({ tag: 0, count: 0, bodyBytes: -1 })],
  ["a length that is no whole number", header({ tag: 0, count: 0, bodyBytes: 1.5 })],
  ["a length that is no number", header({ tag: 0, count: 0, bodyBytes: Number.NaN })],
  ["an endless length", header({ tag: 0, count: 0, bodyBytes: Infinity })],
  ["an attachment of negative length", Buffer.concat([header({ tag: 0, count: 1, bodyBytes: 0 }), doubles(-5)])],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => new MessageReader(() => {}).push(stream), DecodeError);
  });
}

function bytes(length: number): Uint8Array {
  return new Uint8Array(length).map((_, index) => index * 31 + length);
}

function header({ tag, count, bodyBytes }: { tag: number; count: number; bodyBytes: number }): Buffer {
  const buffer = Buffer.alloc(16);
  buffer.writeUInt32LE(tag, 0);
  buffer.writeUInt32LE(count, 4);
  buffer.writeDoubleLE(bodyBytes, 8);
  return buffer;
}

function doubles(...values: readonly number[]): Buffer {
  return Buffer.from(new Float64Array(values).buffer);
}
