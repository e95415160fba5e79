import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, parseDuration } from "#lib/cli/duration.js";

test("parseDuration reads milliseconds, with or without a unit", () => {
  assert.equal(parseDuration("250"), 250);
  assert.equal(parseDuration("250ms"), 250);
  assert.equal(parseDuration("5s"), 5000);
  assert.equal(parseDuration("1.5m"), 90_000);
  assert.equal(parseDuration("2h"), 7_200_000);
});

test("parseDuration refuses what is not a time", () => {
  for (const text of ["", "s", "5 s", "-5s", "5d", "1e3", "0x10", "5s5s", "Infinity"]) assert.equal(parseDuration(text), undefined, text);
});

test("formatDuration picks the unit that tells enough", () => {
  assert.equal(formatDuration(0), "0 ms");
  assert.equal(formatDuration(849.6), "850 ms");
  assert.equal(formatDuration(4200), "4.2 s");
  assert.equal(formatDuration(59_960), "1:00 min");
  assert.equal(formatDuration(185_000), "3:05 min");
  assert.equal(formatDuration(7_385_000), "2:03:05 h");
});
