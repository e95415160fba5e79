/** Memory of messages that were copied. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCodec } from "#lib/wire/codec.js";

const newCodec = () => createCodec({ extensions: [], loadModule: () => Promise.reject(new Error("no modules")) });

test("a message that was reclaimed is written over by the next one, and by no other", () => {
  const codec = newCodec();
  const first = codec.encode("first", "item");
  const second = codec.encode("second", "item");
  codec.reclaim(second);
  const third = codec.encode("third", "item");
  assert.equal(third.body.byteOffset, second.body.byteOffset);
  assert.equal(third.body.buffer, second.body.buffer);
  assert.deepEqual([codec.decode(first), codec.decode(third)], ["first", "third"]);
});

test("reclaiming a message that is not the last, or twice, changes nothing", () => {
  const codec = newCodec();
  const [first, second] = [codec.encode("first", "item"), codec.encode("second", "item")];
  codec.reclaim(first);
  const third = codec.encode("third", "item");
  codec.reclaim(third);
  codec.reclaim(third);
  const fourth = codec.encode("fourth", "item");
  codec.reclaim(newCodec().encode("foreign", "item"));
  const fifth = codec.encode("fifth", "item");
  assert.deepEqual(
    [first, second, fourth, fifth].map((message) => codec.decode(message)),
    ["first", "second", "fourth", "fifth"],
  );
});

test("a large message that was reclaimed disturbs no other", () => {
  const codec = newCodec();
  const large = codec.encode(
    Array.from({ length: 10_000 }, (_, index) => index * 1.5),
    "item",
  );
  const small = codec.encode("small", "item");
  codec.reclaim(large);
  const next = codec.encode("next", "item");
  assert.deepEqual([codec.decode(small), codec.decode(next)], ["small", "next"]);
});
