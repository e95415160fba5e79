import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { DecodeError } from "#lib/errors.js";
import { decodeHostMessage, decodeWorkerMessage, encodeHostMessage, encodeWorkerMessage, type Frame } from "#lib/wire/frames.js";
import type { HostMessage, Payload, WorkerMessage } from "#lib/wire/messages.js";

const id = fc.oneof(fc.nat(300), fc.maxSafeNat());
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.nat(10_000).map((size) => new Uint8Array(size).fill(size)),
);
const payload: fc.Arbitrary<Payload> = fc.record({ body: bytes, attachments: fc.array(bytes, { maxLength: 3 }) });
const name = fc.string({ unit: "binary", maxLength: 300 });

const identity = fc.record({
  name,
  daemon: fc.boolean(),
  role: fc.constantFrom("pool" as const, "process" as const),
  parent: fc.record({ pid: id, name }),
  path: fc.array(id),
});

const hostMessage: fc.Arbitrary<HostMessage> = fc.oneof(
  identity.map((value) => ({ kind: "boot" as const, identity: value })),
  fc.record({ kind: fc.constant("define" as const), functionId: id, code: payload }),
  fc.record({ kind: fc.constant("forget" as const), functionId: id }),
  fc.record({ kind: fc.constant("tickets" as const), words: payload }),
  fc.record({ kind: fc.constant("run" as const), taskId: id, ticket: id, functionId: id, args: payload }),
  fc.record({ kind: fc.constant("chunk" as const), taskId: id, ticket: id, functionId: id, spread: fc.boolean(), items: payload }),
  fc.constant({ kind: "stop" as const }),
);

const workerMessage: fc.Arbitrary<WorkerMessage> = fc.oneof(
  fc.constant({ kind: "ready" as const }),
  fc.record({ kind: fc.constant("failed" as const), error: payload }),
  fc.record({ kind: fc.constant("value" as const), taskId: id, value: payload }),
  fc.record({ kind: fc.constant("error" as const), taskId: id, error: payload }),
  fc.record({
    kind: fc.constant("outcomes" as const),
    taskId: id,
    values: payload,
    failures: fc.array(fc.record({ index: id, error: payload }), { maxLength: 5 }),
  }),
);

/** Buffers and plain byte arrays count as equal; records made by the generator have no prototype. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, comparable(part)]));
}

test("every host's message comes back from its frame", () => {
  fc.assert(
    fc.property(hostMessage, (message) => assert.deepEqual(comparable(decodeHostMessage(encodeHostMessage(message))), comparable(message))),
  );
});

test("every worker's message comes back from its frame", () => {
  fc.assert(
    fc.property(workerMessage, (message) =>
      assert.deepEqual(comparable(decodeWorkerMessage(encodeWorkerMessage(message))), comparable(message)),
    ),
  );
});

test("frames that were made before are not touched by those made later", () => {
  const messages = fc.sample(hostMessage, 400);
  const frames = messages.map(encodeHostMessage);
  assert.deepEqual(comparable(frames.map(decodeHostMessage)), comparable(messages));
});

test("large bodies and all attachments pass through by reference", () => {
  const args = { body: new Uint8Array(100_000), attachments: [new Uint8Array(3), new Uint8Array(1 << 20)] };
  const frame = encodeHostMessage({ kind: "run", taskId: 1, ticket: 0, functionId: 2, args });
  assert.ok(frame.body.length < 20);
  assert.deepEqual(
    frame.attachments.map((part) => [args.body, ...args.attachments].findIndex((own) => own === part)),
    [0, 1, 2],
  );
  const arrived = decodeHostMessage(frame);
  assert.ok(arrived.kind === "run" && arrived.args.body === args.body);
});

test("the code of a function can be sent again after a channel has moved its memory away", () => {
  const code = { body: new Uint8Array(10_000).fill(1), attachments: [new Uint8Array(20_000).fill(2)] };
  const [first, second] = [
    encodeHostMessage({ kind: "define", functionId: 1, code }),
    encodeHostMessage({ kind: "define", functionId: 1, code }),
  ];
  structuredClone(first, { transfer: first.attachments.map((part) => part.buffer as ArrayBuffer) });
  const arrived = decodeHostMessage(second);
  assert.ok(arrived.kind === "define");
  assert.deepEqual(comparable(arrived.code), comparable(code));
  assert.deepEqual([code.body.length, code.attachments[0]?.length], [10_000, 20_000]);
});

test("a frame that was changed is a message or a DecodeError", () => {
  const changes = fc.tuple(fc.nat(), fc.nat(255), fc.integer({ min: -3, max: 3 }), fc.nat(2));
  const property = fc.property(workerMessage, changes, (message, [at, value, cut, parts]) => {
    const { body, attachments } = encodeWorkerMessage(message);
    const changed = new Uint8Array(body.length + Math.max(cut, 0));
    changed.set(body);
    changed[at % changed.length] = value;
    const frame: Frame = { body: changed.subarray(0, body.length + cut), attachments: attachments.slice(0, attachments.length - parts) };
    for (const decode of [decodeWorkerMessage, decodeHostMessage]) decodeSafely(() => decode(frame));
  });
  fc.assert(property, { numRuns: 2000 });
});

test("every truncation, an unknown kind and a rest are DecodeErrors", () => {
  const frame = encodeWorkerMessage({
    kind: "outcomes",
    taskId: 5,
    values: { body: new Uint8Array(4), attachments: [] },
    failures: [{ index: 1, error: { body: new Uint8Array(2), attachments: [] } }],
  });
  for (let size = 0; size < frame.body.length; size++)
    assert.throws(() => decodeWorkerMessage({ ...frame, body: frame.body.subarray(0, size) }), DecodeError);
  assert.throws(() => decodeWorkerMessage({ ...frame, attachments: [new Uint8Array(1)] }), DecodeError);
  assert.throws(() => decodeWorkerMessage({ ...frame, body: Buffer.concat([frame.body, Buffer.of(0)]) }), DecodeError);
  for (const decode of [decodeWorkerMessage, decodeHostMessage])
    assert.throws(() => decode({ body: Uint8Array.of(99), attachments: [] }), DecodeError);
});

function decodeSafely(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    assert.ok(error instanceof DecodeError, String(error));
  }
}
