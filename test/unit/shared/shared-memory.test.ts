import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { ClosedError, SharedMemory, StateError } from "manyhands";
import { session } from "#lib/memory/session.js";

const made: SharedMemory[] = [];

function create(options: Parameters<typeof SharedMemory.create>[0]): SharedMemory {
  const memory = SharedMemory.create(options);
  made.push(memory);
  return memory;
}

after(() => {
  for (const memory of made) {
    try {
      memory.unlink();
    } catch {
      // The test did.
    }
  }
});

function unique(name: string): string {
  return `${name}-${process.pid}`;
}

test("SharedMemory.create() makes zeroed memory of exactly the size, for this user alone", () => {
  for (const size of [1, 10, 4096, 4097, 1_000_000]) {
    const memory = create({ size });
    assert.equal(memory.size, size);
    assert.equal(memory.bytes.length, size);
    assert.equal(memory.buffer.byteLength, size);
    assert.ok(memory.bytes.every((byte) => byte === 0));
    const stats = statSync(`/dev/shm/manyhands.${memory.name}`);
    assert.equal(stats.size, size);
    assert.equal(stats.mode & 0o777, 0o600);
    memory.bytes.fill(255);
    memory.unlink();
    memory.close();
  }
});

test("an attached SharedMemory is the same bytes, of the same size", () => {
  const memory = create({ name: unique("same bytes — ✓"), size: 10 });
  const attached = SharedMemory.attach(memory.name);
  assert.equal(attached.size, 10);
  attached.bytes[3] = 7;
  assert.equal(memory.bytes[3], 7);
  new Uint16Array(memory.buffer, 8, 1)[0] = 0x0101;
  assert.deepEqual([...attached.bytes.subarray(8)], [1, 1]);
});

test("unlink() takes the name only: those who have the memory go on, and a second unlink() is refused", () => {
  const memory = create({ size: 10 });
  const attached = SharedMemory.attach(memory.name);
  memory.unlink();
  attached.bytes[0] = 5;
  assert.equal(memory.bytes[0], 5);
  assert.throws(() => SharedMemory.attach(memory.name), StateError);
  assert.throws(() => memory.unlink(), StateError);
  assert.throws(() => attached.unlink(), StateError);
});

test("unlink() does not take a name that somebody else has by now", () => {
  const name = unique("again");
  const first = create({ name, size: 1 });
  first.unlink();
  const second = create({ name, size: 2 });
  assert.throws(() => first.unlink(), StateError);
  assert.equal(SharedMemory.attach(name).size, 2);
  second.unlink();
});

test("close() may be called twice, keeps the name, and leaves taken views usable", () => {
  const memory = create({ size: 8 });
  const { bytes } = memory;
  memory.close();
  memory.close();
  assert.equal(memory.isClosed, true);
  assert.throws(() => memory.bytes, ClosedError);
  assert.throws(() => memory.buffer, ClosedError);
  bytes[0] = 1;
  assert.equal(bytes[0], 1);
  assert.equal(memory.size, 8);
  const { name } = memory;
  {
    using attached = SharedMemory.attach(name);
    assert.equal(attached.bytes[0], 1);
  }
  memory.unlink();
  assert.throws(() => SharedMemory.attach(name), /there is none with the name/);
});

test("a name that is taken is refused, also while nobody has it open", () => {
  const memory = create({ name: unique("taken"), size: 1 });
  memory.bytes[0] = 9;
  memory.close();
  assert.throws(() => SharedMemory.create({ name: memory.name, size: 1 }), /is taken/);
  assert.equal(SharedMemory.attach(memory.name).bytes[0], 9);
});

test("names and sizes that are none are refused with words", () => {
  const one = { size: 1 };
  for (const name of ["", "a/b", "/a", "a\0b", "é".repeat(101), "\ud800"]) {
    assert.throws(() => SharedMemory.create({ ...one, name }), RangeError);
    assert.throws(() => SharedMemory.attach(name), RangeError);
  }
  for (const name of [1, null, {}]) {
    assert.throws(() => SharedMemory.create({ ...one, name: name as string }), TypeError);
    assert.throws(() => SharedMemory.attach(name as string), TypeError);
  }
  assert.throws(() => SharedMemory.attach(undefined as unknown as string), TypeError);
  for (const size of [0, -1, 1.5, NaN, Infinity]) assert.throws(() => SharedMemory.create({ size }), RangeError);
  for (const size of ["1", null, undefined, 1n]) assert.throws(() => SharedMemory.create({ size: size as unknown as number }), TypeError);
  for (const name of [".", "..", "a".repeat(200), "-", "%s\n"]) create({ ...one, name }).unlink();
});

test("initialize() writes what the memory begins with, and its error leaves nothing", () => {
  const name = unique("initialized");
  const memory = create({ name, size: 3, initialize: (bytes) => bytes.set([1, 2, 3]) });
  assert.deepEqual([...memory.bytes], [1, 2, 3]);
  memory.unlink();
  const fail = (bytes: Uint8Array): void => {
    assert.throws(() => SharedMemory.attach(name), StateError);
    throw new Error(`with ${bytes.length} bytes`);
  };
  assert.throws(() => SharedMemory.create({ name, size: 3, initialize: fail }), /with 3 bytes/);
  assert.throws(() => SharedMemory.attach(name), StateError);
});

test("memory may be made while other memory is being initialized", () => {
  let inner: SharedMemory | undefined;
  const outer = SharedMemory.create({
    size: 8,
    initialize: (bytes) => {
      inner = SharedMemory.create({ size: 4, initialize: (begun) => void begun.fill(2) });
      bytes.fill(1);
    },
  });
  assert.deepEqual([[...outer.bytes], [...(inner?.bytes ?? [])]], [Array.from({ length: 8 }, () => 1), [2, 2, 2, 2]]);
  for (const memory of [outer, inner]) memory?.unlink();
});

test("after unlink() the session's folder has no trace of the name", () => {
  const memory = create({ name: unique("trace"), size: 3 });
  const traces = (): string[] => readdirSync(session().folder).filter((entry) => entry.includes("trace") || entry.startsWith("draft"));
  assert.equal(traces().length, 1);
  memory.unlink();
  assert.deepEqual(traces(), []);
});

test("a file that is no memory of this user is not opened", (t) => {
  const name = unique("foreign");
  const path = `/dev/shm/manyhands.${name}`;
  t.after(() => rmSync(path, { force: true }));
  writeFileSync(path, "");
  assert.throws(() => SharedMemory.attach(name), StateError);
  rmSync(path);
  symlinkSync("/etc/hostname", path);
  assert.throws(() => SharedMemory.attach(name), StateError);
  assert.throws(() => SharedMemory.create({ name, size: 1 }), /is taken/);
  rmSync(path);
  mkdirSync(path);
  assert.throws(() => SharedMemory.attach(name), StateError);
  rmdirSync(path);
});
