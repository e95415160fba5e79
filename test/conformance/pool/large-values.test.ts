/** Values of a mebibyte and more, which go between processes through shared memory. */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Pipe, Pool } from "manyhands";
import { membership } from "#lib/memory/membership.js";
import { forEachBackend } from "./backends.js";

const mebibyte = 1 << 20;

function numbers(length: number): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length }, (_, index) => index / 3);
}

function isSame(one: ArrayBufferView, other: ArrayBufferView): boolean {
  const [first, second] = [one, other].map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
  return first !== undefined && second !== undefined && first.equals(second);
}

forEachBackend("large values", ({ Pool: AnyPool }) => {
  test("large values of every kind arrive, and come back", async () => {
    await using pool = new AnyPool(1);
    const array = numbers(400_001);
    const value = {
      array,
      bytes: Buffer.alloc(2 * mebibyte, 7),
      view: new DataView(new ArrayBuffer(3 * mebibyte), 5, 2 * mebibyte),
      part: array.subarray(1000, 200_000),
      text: "long ".repeat(mebibyte),
      list: Array.from({ length: 300_000 }, (_, index) => index / 7),
      small: new Uint8Array([1, 2, 3]),
    };
    const [back, sum] = await pool.apply((given) => [given, given.array.reduce((one, other) => one + other)] as const, [value]);
    assert.equal(
      sum,
      array.reduce((one, other) => one + other),
    );
    for (const key of ["array", "bytes", "view", "part", "small"] as const) assert.ok(isSame(back[key], value[key]), key);
    assert.ok(Buffer.isBuffer(back.bytes));
    assert.equal(back.view.byteOffset, 5);
    assert.equal(back.part.buffer, back.array.buffer, "two views of one buffer became two buffers");
    assert.equal(back.text, value.text);
    assert.deepEqual(back.list, value.list);
  });

  test("a large array that arrived is an ordinary one: it can be transferred and changed", async () => {
    await using pool = new AnyPool(1);
    const back = await pool.apply((array) => array, [numbers(200_000)]);
    back[0] = 42;
    const moved = structuredClone(back, { transfer: [back.buffer] });
    assert.equal(back.length, 0);
    assert.deepEqual([moved.length, moved[0], moved[3]], [200_000, 42, 1]);
    const again = await pool.apply((array) => array[1], [numbers(200_000)]);
    assert.equal(again, 1 / 3);
    assert.deepEqual([moved[0], moved[3]], [42, 1], "what was received changed with a later message");
  });
});

test("an array that is changed after the call arrives as it was", { timeout: 120_000 }, async () => {
  await using pool = new Pool(1);
  const array = new Float64Array(mebibyte).fill(1);
  const sums = [1, 2, 3].map((value) => {
    array.fill(value);
    return pool.apply((given) => given.every((element) => element === given[0]) && given[0], [array]);
  });
  assert.deepEqual(await Promise.all(sums), [1, 2, 3]);
});

/** By hand, `SENDS=1000 SEND_MIB=64`. */
const sends = Number(process.env["SENDS"] ?? 60);
const sendBytes = Number(process.env["SEND_MIB"] ?? 16) * mebibyte;

test(`${sends} large arrays that are sent one after the other do not pile up`, { timeout: 240_000 + sends * 2000 }, async () => {
  await using pool = new Pool(1);
  const [here, there] = Pipe<Uint8Array>();
  let most = 0;
  for (let round = 0; round < sends; round++) {
    const array = new Uint8Array(sendBytes).fill(round);
    const back = await pool.apply((given) => given, [array]);
    here.sendSync(back);
    const again = there.recvSync();
    assert.ok(again.length === array.length && again[round] === round % 256);
    most = Math.max(most, sharedBytes());
  }
  here.close();
  there.close();
  // Three of these, and for a second what the tests before this one have left.
  assert.ok(most <= 3 * sendBytes + 144 * mebibyte, `${most} bytes were shared at a time`);
});

/** All files of the session. */
function sharedBytes(): number {
  const { folder } = membership().session;
  return readdirSync(folder).reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
