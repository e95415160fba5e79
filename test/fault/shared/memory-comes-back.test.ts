/** What nobody has any more is given back, by itself and soon. `ARRAYS` in the environment says of how many arrays of 8 MiB. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const arrays = Number(process.env["ARRAYS"] ?? 100);
const mebibyte = 1 << 20;

test(`${arrays} arrays of 8 MiB that were passed to a worker and dropped leave memory where it was`, (t) => {
  const program = new URL("./churn.js", import.meta.url).pathname;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", program, String(arrays)], {
    encoding: "utf8",
    timeout: 300_000,
  });
  assert.equal(status, 0, `${signal} ${stderr}`);
  const { most, left, grown } = JSON.parse(stdout) as { most: number; left: number; grown: number };
  t.diagnostic(`most at a time ${most / mebibyte} MiB, left ${left}, the program's memory grew by ${Math.round(grown / mebibyte)} MiB`);
  assert.ok(most <= 400 * mebibyte, `${most / mebibyte} MiB were there at a time`);
  assert.equal(left, 0);
  assert.ok(grown <= 200 * mebibyte, `the program has grown by ${grown / mebibyte} MiB`);
});
