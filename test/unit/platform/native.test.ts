import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isTaskAlive, parseStat, startTimeOf } from "#lib/platform/liveness.js";
import { native } from "#lib/platform/native.js";

test("two mappings of one file are the same memory, zeroed at first", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "native-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const fd = openSync(join(folder, "file"), "w+");
  assert.equal(native().reserve(fd, 4096), undefined);
  const one = native().mapFile(fd, 4096);
  const two = native().mapFile(fd, 4096);
  closeSync(fd);
  assert.notEqual(one.address, two.address);
  assert.equal(new Int32Array(one.buffer)[7], 0);
  new Int32Array(one.buffer)[7] = 42;
  assert.equal(new Int32Array(two.buffer)[7], 42);
});

test("reserve() says ENOSPC or EFBIG instead of leaving pages that cannot be backed", (t) => {
  const folder = mkdtempSync("/dev/shm/native-test-");
  t.after(() => rmSync(folder, { recursive: true }));
  const fd = openSync(join(folder, "file"), "w+");
  const failure = native().reserve(fd, 2 ** 50);
  closeSync(fd);
  assert.match(failure?.code ?? "none", /ENOSPC|EFBIG|ENOMEM|EINVAL/);
});

test("futexWait() returns at once when the word differs, and in time when nobody wakes it", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "native-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const fd = openSync(join(folder, "file"), "w+");
  native().reserve(fd, 4096);
  const { address } = native().mapFile(fd, 4096);
  closeSync(fd);
  assert.equal(native().futexWait(address, 1, undefined), "not-equal");
  assert.equal(native().futexWait(address, 0, 5), "timed-out");
  assert.equal(native().futexWake(address, 1), 0);
});

test("ring() succeeds on a FIFO that is full", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "native-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "bell");
  assert.equal(native().makeFifo(path), undefined);
  assert.equal(native().makeFifo(path)?.code, "EEXIST");
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(fd));
  for (let i = 0; i < 70_000; i++) assert.equal(native().ring(fd), true);
  assert.equal(readSync(fd, Buffer.alloc(100_000)), 65_536);
});

test("a process is alive until it ends; a zombie and another start time count as dead", async () => {
  const child = spawn("sh", ["-c", "sleep 1000 & echo $!; read line; kill -9 $!; exec sleep 1000"], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const grandchild = Number(String(line));
  const startTime = startTimeOf(grandchild);
  assert.ok(startTime !== undefined && startTime > 0);
  assert.equal(isTaskAlive({ id: grandchild, startTime }), true);
  assert.equal(isTaskAlive({ id: grandchild, startTime: startTime + 1 }), false);
  // `sleep`, which takes the shell's place, never reaps: the grandchild stays a zombie.
  child.stdin.write("go\n");
  const deadline = Date.now() + 60_000;
  while (isTaskAlive({ id: grandchild, startTime })) {
    assert.ok(Date.now() < deadline, "the grandchild is still alive");
    await new Promise((resolve) => setImmediate(resolve));
  }
  child.kill("SIGKILL");
  await once(child, "exit");
});

test("a line of /proc/PID/stat is read from the end of its name, which may hold anything", () => {
  const rest = "R 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 0";
  assert.deepEqual(parseStat(`12 (a) Z (b) ${rest}`), { state: "R", startTime: 777 });
});
