import assert from "node:assert/strict";
import { test } from "node:test";
import { StartRecord } from "#lib/pool/start-record.js";

test("StartRecord gives up after three failed starts in a row", () => {
  const record = new StartRecord(2);
  record.startFailed(false);
  record.startFailed(false);
  assert.equal(record.isHopeless, false);
  record.startFailed(false);
  assert.equal(record.isHopeless, true);
});

test("StartRecord counts from the last worker that became ready", () => {
  const record = new StartRecord(2);
  record.startFailed(false);
  record.startFailed(false);
  record.becameReady();
  record.startFailed(false);
  assert.equal(record.isHopeless, false);
});

test("StartRecord forgives more when workers are killed from outside, but not for ever", () => {
  const record = new StartRecord(2);
  for (let kills = 0; kills < 4; kills += 1) record.startFailed(true);
  assert.equal(record.isHopeless, false);
  for (let kills = 0; kills < 100; kills += 1) record.startFailed(true);
  assert.equal(record.isHopeless, true);
});

test("StartRecord stops replacing at once when workers keep dying without ever finishing a task", () => {
  const record = new StartRecord(2);
  for (let deaths = 0; deaths < 7; deaths += 1) record.diedIdle();
  assert.equal(record.replacesAtOnce, true);
  record.diedIdle();
  assert.equal(record.replacesAtOnce, false);
  record.finishedTask();
  assert.equal(record.replacesAtOnce, true);
});
