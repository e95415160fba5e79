import assert from "node:assert/strict";
import { test } from "node:test";
import { checkImapOptions, checkMapOptions, checkPoolOptions, checkTaskOptions, checkWorkers } from "#lib/pool/options.js";

test("the number of workers is a whole number of at least 1, or the default", () => {
  assert.equal(
    checkWorkers(undefined, () => 6),
    6,
  );
  assert.equal(
    checkWorkers(3, () => 6),
    3,
  );
  for (const workers of [0, -1, 5000]) assert.throws(() => checkWorkers(workers, () => 6), RangeError);
  for (const workers of [1.5, "2", NaN, null, Infinity, 2n]) assert.throws(() => checkWorkers(workers, () => 6), TypeError);
});

test("options of a pool that make no sense are refused with the option's name", () => {
  const wrong: readonly [object, ErrorConstructor, RegExp][] = [
    [{ initializer: "x" }, TypeError, /initializer must be a function; it is "x"/],
    [{ initargs: [1] }, TypeError, /initargs needs an initializer/],
    [{ initializer: () => 1, initargs: 5 }, TypeError, /initargs must be an array; it is 5/],
    [{ maxTasksPerChild: 0 }, RangeError, /maxTasksPerChild must be at least 1; it is 0/],
    [{ maxTasksPerChild: 1.5 }, TypeError, /maxTasksPerChild must be a whole number; it is 1.5/],
    [{ maxTasksPerChild: true }, TypeError, /maxTasksPerChild must be a whole number; it is true/],
    [{ name: "" }, TypeError, /name must be a string that is not empty/],
    [{ env: "PATH=x" }, TypeError, /env must be an object/],
    [{ execArgv: "--inspect" }, TypeError, /execArgv must be an array of strings/],
    [{ stdio: "pipe" }, TypeError, /stdio must be "inherit" or "ignore"; it is "pipe"/],
    [{ resourceLimits: { maxHeap: 1 } }, TypeError, /resourceLimits has no maxHeap/],
    [{ resourceLimits: { stackSizeMb: -1 } }, TypeError, /resourceLimits.stackSizeMb must be a number of MiB above 0/],
  ];
  for (const [options, errorClass, message] of wrong) {
    assert.throws(() => checkPoolOptions(options), errorClass);
    assert.throws(() => checkPoolOptions(options), message);
  }
  assert.doesNotThrow(() =>
    checkPoolOptions({ initializer: (x: number) => x, initargs: [1], maxTasksPerChild: 1, name: "x", env: {}, execArgv: [] }),
  );
});

test("options of a call that make no sense are refused with the option's name", () => {
  assert.throws(() => checkTaskOptions({ timeout: 0 }), RangeError);
  assert.throws(() => checkTaskOptions({ timeout: -5 }), /timeout must be above 0 ms/);
  assert.throws(() => checkTaskOptions({ timeout: NaN }), TypeError);
  assert.throws(() => checkMapOptions({ chunkSize: 0 }), /chunkSize must be at least 1; it is 0/);
  assert.throws(() => checkMapOptions({ chunkSize: 2.5 }), TypeError);
  assert.throws(() => checkImapOptions({ readAhead: 0 }), /readAhead must be at least 1/);
  assert.doesNotThrow(() => checkImapOptions({ readAhead: 1, chunkSize: 3, timeout: 0.5, signal: AbortSignal.abort() }));
});
