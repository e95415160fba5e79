import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { JournalFile, JournalWriter, parseRecords } from "#lib/cli/engine/journal.js";

test("records come back in order, texts of any size whole", () => {
  const file = JournalFile.create();
  const writer = new JournalWriter(file.address);
  const records = [
    { isFailure: false, text: "eins\nzwei" },
    { isFailure: true, text: "größer 🙂" },
    { isFailure: false, text: "x".repeat(2_000_000) },
    { isFailure: false, text: "" },
  ];
  writer.begin();
  for (const record of records) writer.append(record);
  assert.deepEqual(file.read(), records);
  writer.close();
  file.close();
});

test("clear and begin start a new chunk in the same file", () => {
  const file = JournalFile.create();
  const writer = new JournalWriter(file.address);
  writer.begin();
  writer.append({ isFailure: false, text: "old, and longer" });
  file.clear();
  assert.equal(file.sizeBytes, 0);
  writer.begin();
  assert.deepEqual(file.read(), []);
  writer.append({ isFailure: false, text: "new" });
  assert.deepEqual(file.read(), [{ isFailure: false, text: "new" }]);
  writer.close();
  file.close();
});

test("the file grows with every record, an empty one too", () => {
  const file = JournalFile.create();
  const writer = new JournalWriter(file.address);
  writer.begin();
  const begun = file.sizeBytes;
  writer.append({ isFailure: false, text: "" });
  assert.ok(begun > 0 && file.sizeBytes > begun);
  writer.close();
  file.close();
});

test("a record cut off anywhere does not count, and those before it do", () => {
  const whole = Buffer.concat([Buffer.from([1]), recordBytes("first"), recordBytes("second")]);
  const firstEnd = 1 + 5 + "first".length;
  for (let length = 0; length < whole.length; length += 1) {
    assert.equal(parseRecords(whole.subarray(0, length)).length, length >= firstEnd ? 1 : 0, `${length} bytes`);
  }
  assert.equal(parseRecords(whole).length, 2);
});

test("a closed journal is empty, and its file is gone", () => {
  const file = JournalFile.create();
  const { path } = file.address;
  assert.equal(existsSync(path), true);
  file.close();
  assert.deepEqual([file.sizeBytes, file.read(), existsSync(path)], [0, [], false]);
});

function recordBytes(text: string): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(1, 0);
  header.writeUInt32LE(text.length, 1);
  return Buffer.concat([header, Buffer.from(text)]);
}
