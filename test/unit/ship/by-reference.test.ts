import assert from "node:assert/strict";
import { after, test } from "node:test";
import { elsewhere } from "./elsewhere.js";
import * as exported from "./exported-functions.js";
import {
  bump,
  change,
  changing,
  firstChanging,
  getHidden,
  live,
  Model,
  renamed,
  replaced,
  setLive,
  table,
  viaArrow,
} from "./exported-functions.js";

const there = elsewhere();
after(() => there[Symbol.asyncDispose]());

test("exported functions share their module's state where they arrive, and leave it alone at home", async () => {
  const first = await there.run(bump);
  assert.equal(await there.run(viaArrow, 100), 100 + first + 1);
  assert.equal(await there.run(renamed), first + 2);
  assert.equal(await there.run(table.method, 0), first + 3);
  assert.equal(await there.run(Model.load), "loaded true");
  assert.equal(await there.run(() => exported.bump()), first + 5);
  assert.equal(bump(), 1);
});

test("a function of a module that is not exported goes by its text", async () => {
  assert.equal(await there.run(getHidden(), 4), 8);
});

test("an export that is something else by now is not sent in place of the function", async () => {
  assert.equal(await there.run(changing), "first");
  change();
  assert.equal(await there.run(changing), "second");
  assert.equal(await there.run(firstChanging), "first");
  assert.equal(await there.run(replaced.method), "put there");
});

test("an imported variable is read from the module, and follows its changes", async () => {
  const [before, now] = await there.run(() => {
    const first = live;
    setLive(5);
    return [first, live];
  });
  assert.deepEqual([before, now], [null, 5]);
  assert.equal(live, null);
});

test("the class of an exporting module is itself when it comes back", async () => {
  assert.equal(await there.run(() => Model), Model);
});
