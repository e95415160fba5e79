/** Bytes nobody vouches for. Set MANYHANDS_SEED to repeat a run. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { DecodeError } from "#lib/errors.js";
import { createCodec } from "#lib/wire/codec.js";
import type { Encoded } from "#lib/wire/extension.js";
import { arbitraryGraph } from "./arbitrary-graph.js";

const codec = createCodec({ extensions: [], loadModule: () => Promise.reject(new Error("no modules here")) });
const seed = Number(process.env["MANYHANDS_SEED"] ?? Date.now() % 1_000_000);
const numRuns = Number(process.env["MANYHANDS_RUNS"] ?? 1500);
const settings = { seed, numRuns };

/** A message with this graph and a little text. */
function message(graph: readonly number[]): Uint8Array {
  const header = Buffer.from([0x6e, 0, 0, 0, 0]);
  header.writeUInt32LE(graph.length, 1);
  return Buffer.concat([header, Uint8Array.from(graph), Uint8Array.of(8 * 2), Buffer.from("some text".slice(0, 8))]);
}

/** Decodes to a value or a DecodeError; anything else fails the test. */
function decodeSafely(encoded: Encoded): void {
  try {
    codec.decode(encoded);
  } catch (error) {
    assert.ok(error instanceof DecodeError, `seed ${seed}: ${String(error)}`);
  }
  assert.deepEqual([Object.keys(Object.prototype), Object.keys(Array.prototype)], [[], []]);
}

test("every truncation of a message is a DecodeError", () => {
  const value = {
    a: [1, 2, 3, 300],
    b: new Map([["k", new Date(1)]]),
    c: "é".repeat(70),
    d: 1n,
    e: new Error("x"),
    f: new Uint16Array(4),
    g: /x/g,
  };
  const { body, attachments } = codec.encode(value, "value");
  for (let size = 0; size < body.length; size++) {
    assert.throws(() => codec.decode({ body: body.slice(0, size), attachments }), DecodeError, `after ${size} bytes`);
  }
  assert.throws(() => codec.decode({ body: Buffer.concat([body, Buffer.of(0)]), attachments }), DecodeError, "with a byte too many");
});

test("a message with flipped bits is a value or a DecodeError", () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 6 });
  const property = fc.property(arbitraryGraph, flips, (value, changes) => {
    const { body, attachments } = codec.encode(value, "value");
    const changed = new Uint8Array(body);
    for (const [at, bit] of changes) changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ (1 << bit);
    decodeSafely({ body: changed, attachments });
  });
  fc.assert(property, settings);
});

test("random bytes are a value or a DecodeError", () => {
  const tags = fc.array(fc.oneof(fc.integer({ min: 0xc0, max: 0xeb }), fc.nat(5), fc.nat(255)), { minLength: 1, maxLength: 200 });
  const property = fc.property(tags, (bytes) => decodeSafely({ body: message(bytes), attachments: [] }));
  fc.assert(property, { ...settings, numRuns: numRuns * 4 });
});

test("no length in a message makes the decoder allocate more than the message warrants", () => {
  const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
  const million = [0x80, 0xb5, 0x98, 0x0e];
  const before = process.memoryUsage();
  for (let head = 0xc0; head <= 0xff; head++) {
    for (const length of [huge, million]) {
      for (const tail of [[], [0, 0, 0, 0], huge, million]) {
        const body = message([head, ...length, ...tail]);
        decodeSafely({ body, attachments: [] });
        decodeSafely({ body: message([head, 0, ...length, ...tail]), attachments: [] });
      }
    }
  }
  const after = process.memoryUsage();
  assert.ok(after.rss - before.rss < 64 * 1024 * 1024, `${after.rss - before.rss} bytes more`);
});

test("nesting without end is a DecodeError, not a stack overflow", () => {
  const array = [0xd2, 1];
  const map = [0xd9];
  const boxed = [0xde];
  const properties = [0xd8];
  const error = [0xe7, 2];
  const [regexp, bigint, view] = [[0xdd], [0xc8, 0], [0xe2, 1]];
  for (const layer of [array, map, boxed, properties, error, regexp, bigint, view]) {
    const body = message(Array.from({ length: 200_000 }, () => layer).flat());
    assert.throws(() => codec.decode({ body, attachments: [] }), DecodeError, `${layer}`);
  }
});

test("attachments that do not fit the body are a DecodeError", () => {
  const { body, attachments } = codec.encode([Buffer.alloc(50_000), "x".repeat(50_000)], "value");
  const wrong = [[], attachments.slice(1), [...attachments, Buffer.alloc(1)], attachments.map((part) => part.subarray(1))];
  for (const parts of wrong) assert.throws(() => codec.decode({ body, attachments: parts }), DecodeError);
});

test("a message of another version or without its sections is a DecodeError, for prepare as well", async () => {
  for (const body of [
    new Uint8Array(0),
    Uint8Array.of(0, 1),
    Uint8Array.of(0x6f),
    Uint8Array.of(0x6f, 0, 0, 0, 0, 0x7f),
    Buffer.from('{"a":1}'),
  ]) {
    assert.throws(() => codec.decode({ body, attachments: [] }), DecodeError);
    if (body[0] === 0x6f) await assert.rejects(async () => codec.prepare({ body, attachments: [] }), DecodeError);
  }
});

test("a value that takes more text than the message has, or less, is a DecodeError", () => {
  assert.equal(codec.decode({ body: message([0x88]), attachments: [] }), "some tex");
  assert.throws(() => codec.decode({ body: message([0x89]), attachments: [] }), DecodeError);
  assert.throws(() => codec.decode({ body: message([0xd2, 2, 0x84, 0x85]), attachments: [] }), DecodeError);
  assert.throws(() => codec.decode({ body: message([0x87]), attachments: [] }), DecodeError);
});
