import assert from "node:assert/strict";
import { test } from "node:test";
import { type Waiting, WaitingList } from "#lib/pool/waiting-list.js";
import * as fc from "fast-check";

class Member implements Waiting<Member> {
  previous: Member | undefined;
  next: Member | undefined;
  isWaiting = false;
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
}

test("WaitingList behaves like an array through any sequence of push, restore, shift and remove", () => {
  const step = fc.record({ action: fc.constantFrom("push", "restore", "shift", "remove"), at: fc.nat(30) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const list = new WaitingList<Member>();
      const model: Member[] = [];
      const taken: Member[] = [];
      let id = 0;
      for (const { action, at } of steps) {
        if (action === "push") {
          const member = new Member((id += 1));
          list.push(member);
          model.push(member);
        } else if (action === "restore") {
          const member = taken.splice(at, 1)[0];
          if (member === undefined) continue;
          list.restore(member);
          model.push(member);
          model.sort((a, b) => a.id - b.id);
        } else if (action === "shift") {
          const first = list.shift();
          assert.equal(first, model.shift());
          if (first !== undefined) taken.push(first);
        } else {
          const member = model[at];
          if (member === undefined) continue;
          assert.equal(list.remove(member), true);
          assert.equal(list.remove(member), false);
          model.splice(at, 1);
          taken.push(member);
        }
        assert.equal(list.length, model.length);
      }
      while (model.length > 0) assert.equal(list.shift(), model.shift());
      assert.equal(list.shift(), undefined);
    }),
  );
});
