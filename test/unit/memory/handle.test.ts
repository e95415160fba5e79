import assert from "node:assert/strict";
import { test } from "node:test";
import { DecodeError } from "#lib/errors.js";
import { isShareable, loadSharedKind, sharedObjects } from "#lib/memory/handle.js";
import * as lockModule from "#lib/sync/lock.js";
import type { ModuleRequest } from "#lib/wire/extension.js";

const kinds = { lock: () => import("#lib/sync/lock.js") };
const extension = sharedObjects(kinds);
const request: ModuleRequest = { specifier: "manyhands:lock", parent: undefined };

test("a lock is taken apart into plain data and its module, and put together as the same lock", () => {
  const lock = new lockModule.Lock();
  const required: ModuleRequest[] = [];
  const parts = extension.dismantle(lock, { path: () => "args[0]", notes: new Map(), require: (wanted) => void required.push(wanted) });
  assert.ok(parts);
  assert.deepEqual(required, [request]);
  assert.deepEqual(parts.children, []);
  const asked: ModuleRequest[] = [];
  const header: unknown = JSON.parse(JSON.stringify(parts.header));
  const { value } = extension.assemble(header, {
    module(wanted) {
      asked.push(wanted);
      return lockModule;
    },
  });
  assert.equal(value, lock);
  assert.deepEqual(asked, required);
});

test("what is not a shared object is left to others", () => {
  const context = { path: () => "", notes: new Map<string, unknown>(), require: () => assert.fail("nothing to load") };
  for (const value of [{}, [], new Map(), (): void => {}]) {
    assert.equal(isShareable(value), false);
    assert.equal(extension.dismantle(value, context), undefined);
  }
});

test("a malformed handle is refused with DecodeError", () => {
  const context = { module: () => lockModule };
  for (const header of [undefined, 1, [], [1, {}], ["lock", undefined], ["lock", { arena: "x" }]]) {
    assert.throws(() => extension.assemble(header, context), DecodeError);
  }
  assert.throws(() => extension.assemble(["lock", {}], { module: () => ({}) }), /has no fromHandle/);
});

test("the module of a kind is loaded when it is asked for, and nothing else is", async () => {
  assert.equal(await loadSharedKind(kinds, request), lockModule);
  for (const specifier of ["manyhands:other", "manyhands:toString", "node:fs", "lock"]) {
    assert.equal(loadSharedKind(kinds, { specifier, parent: undefined }), undefined);
  }
});
