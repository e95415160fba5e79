import assert from "node:assert/strict";
import { test } from "node:test";
import { findExport, whyNotFound } from "#lib/cli/target/find-export.js";

const f = (): void => {};
const g = (): void => {};

class Client {
  fetch(): void {}
}

test("an export is found by its name, a dot in it included", () => {
  assert.deepEqual(findExport({ f, "a.b": g }, "f"), { value: f, owner: undefined });
  assert.deepEqual(findExport({ f, "a.b": g }, "a.b"), { value: g, owner: undefined });
});

test("a path leads through objects, methods of classes included, and keeps the owner", () => {
  const client = new Client();
  assert.deepEqual(findExport({ client }, "client.fetch"), { value: Reflect.get(client, "fetch"), owner: client });
});

test("CommonJS exports are looked for in the default export", () => {
  const exported = { f, deep: { g } };
  assert.deepEqual(findExport({ default: exported }, "f"), { value: f, owner: exported });
  assert.deepEqual(findExport({ default: exported }, "deep.g"), { value: g, owner: exported.deep });
  assert.deepEqual(findExport({ default: { default: f } }, "default"), { value: f, owner: undefined });
});

test("what every function and object has is no export", () => {
  for (const name of ["call", "toString", "constructor", "f.bind"]) assert.equal(findExport({ default: f, f }, name), undefined, name);
});

test("whyNotFound says what is there instead", () => {
  assert.equal(whyNotFound({ f, g }, "h"), "there is no export h. Functions it exports: f, g.");
  assert.equal(whyNotFound({ n: 1, o: {}, z: null }, "o"), "the export o is an object, not a function. The module exports no function.");
  assert.equal(whyNotFound({ f }, "default"), "its default export is no function; name another export after a #. Functions it exports: f.");
});
