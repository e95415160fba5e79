/**
 * What nobody has any more is given back, by itself and soon. `ARRAYS` in the environment says of how many arrays of 8 MiB,
 * `LOCKS` of how many locks; by hand 1,000 and 100,000.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { Churned } from "./churn.js";

const arrays = Number(process.env["ARRAYS"] ?? 100);
const locks = Number(process.env["LOCKS"] ?? 5000);
const mebibyte = 1 << 20;

test(`${arrays} arrays of 8 MiB and ${locks} locks that a worker has used and that were dropped leave memory where it was`, (t) => {
  const program = new URL("./churn.js", import.meta.url).pathname;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", program, String(arrays), String(locks)], {
    encoding: "utf8",
    timeout: 600_000,
  });
  assert.equal(status, 0, `${signal} ${stderr}`);
  const { most, left, blocks, programGrown, workerGrown } = JSON.parse(stdout) as Churned;
  const inMebibytes = (bytes: number): string => (bytes / mebibyte).toFixed(1);
  t.diagnostic(
    `most at a time ${inMebibytes(most)} MiB, left ${inMebibytes(left)} MiB in ${blocks} blocks; ` +
      `the program's memory grew by ${inMebibytes(programGrown)} MiB, the worker's by ${inMebibytes(workerGrown)} MiB`,
  );
  assert.ok(most <= 400 * mebibyte, `${inMebibytes(most)} MiB were there at a time`);
  assert.ok(blocks <= 0, `${blocks} blocks are left`);
  // One empty arena of each block size is kept for the next ones; none is larger than this.
  assert.ok(left <= 4 * mebibyte, `${inMebibytes(left)} MiB are left`);
  for (const grown of [programGrown, workerGrown]) assert.ok(grown <= 100 * mebibyte, `${inMebibytes(grown)} MiB more`);
});
