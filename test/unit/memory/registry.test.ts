import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { maxParticipants, Registry } from "#lib/memory/registry.js";

function folder(t: TestContext): string {
  const path = mkdtempSync("/dev/shm/registry-test-");
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("whoever opens a registry second has the first one's, and no draft is left", (t) => {
  const path = folder(t);
  const one = Registry.open(path);
  const two = Registry.open(path);
  assert.equal(one.nextSerial(), 1);
  assert.equal(two.nextSerial(), 2);
  assert.deepEqual(readdirSync(path), ["registry"]);
});

test("a slot is taken once, and its next holder has another id", (t) => {
  const registry = Registry.open(folder(t));
  const first = registry.claim();
  const second = registry.claim();
  assert.ok(first && second);
  assert.notEqual(first.slot, second.slot);
  assert.equal(registry.isListed(first.id), true);
  assert.equal(registry.isGone(first.id), false);
  registry.free(first);
  assert.equal(registry.isGone(first.id), true);
  const third = registry.claim();
  assert.ok(third);
  assert.equal(third.slot, first.slot);
  assert.notEqual(third.id, first.id);
  assert.equal(registry.isGone(first.id), true);
  // Freeing it again, late, does not free the new holder's slot.
  registry.free(first);
  assert.equal(registry.isListed(third.id), true);
});

test("ids stay positive and below 2^29 as slots are reused", (t) => {
  const registry = Registry.open(folder(t));
  for (let round = 0; round < 2000; round++) {
    const holder = registry.claim();
    assert.ok(holder && holder.id > 0 && holder.id < 2 ** 29);
    registry.free(holder);
  }
});

test("a full registry has no slot to give", (t) => {
  const registry = Registry.open(folder(t));
  for (let slot = 0; slot < maxParticipants; slot++) assert.ok(registry.claim());
  assert.equal(registry.claim(), undefined);
  assert.equal(registry.participants().length, maxParticipants);
});

test("a participant is gone when its process was killed, and when another process has its number", async (t) => {
  const path = folder(t);
  const registry = Registry.open(path);
  const url = new URL("../../../../dist/memory/registry.js", import.meta.url).href;
  const program = `
    const { Registry } = await import(${JSON.stringify(url)});
    console.log(Registry.open(${JSON.stringify(path)}).claim().id);
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const id = Number(String(line));
  assert.equal(registry.isGone(id), false);
  assert.equal(registry.participants()[0]?.processId, child.pid);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(registry.isListed(id), true);
  assert.equal(registry.isGone(id), true);
});

test("the manager lock passes on from a manager that was killed", async (t) => {
  const path = folder(t);
  const registry = Registry.open(path);
  const url = new URL("../../../../dist/memory/registry.js", import.meta.url).href;
  const program = `
    const { Registry } = await import(${JSON.stringify(url)});
    const registry = Registry.open(${JSON.stringify(path)});
    registry.exclusively(registry.claim().id, () => process.kill(process.pid, "SIGKILL"));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit" });
  assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
  const self = registry.claim();
  assert.ok(self);
  assert.equal(
    registry.exclusively(self.id, () => "managed"),
    "managed",
  );
  assert.equal(
    registry.exclusively(self.id, () => "again"),
    "again",
  );
});

test("a file of another layout is refused", (t) => {
  const path = folder(t);
  const registry = Registry.open(path);
  registry.int32[0] = 99;
  assert.throws(() => Registry.open(path), /another version/);
});
