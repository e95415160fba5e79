/** What becomes of the names of shared memory when programs end or are killed. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { SharedMemory, StateError } from "manyhands";
import { end, isReady, run, startProgram } from "./programs.js";

function unique(name: string): string {
  return `${name}-${process.pid}`;
}

function isThere(name: string): boolean {
  return existsSync(`/dev/shm/manyhands.${name}`);
}

test("a program that attaches, closes and exits, or is killed, destroys nothing", async () => {
  const memory = SharedMemory.create({ name: unique("foreign"), size: 10 });
  memory.bytes[0] = 7;
  assert.equal(await run("attach", memory.name), 0);
  const other = startProgram("attachAndStay", memory.name);
  await isReady(other);
  other.kill("SIGKILL");
  await end(other);
  assert.equal(await run("begin", memory.name), 0);
  assert.deepEqual([...SharedMemory.attach(memory.name).bytes.slice(0, 3)], [7, 8, 9]);
  assert.equal(await run("unlink", memory.name), 0);
  assert.equal(isThere(memory.name), false);
  assert.throws(() => memory.unlink(), StateError);
  assert.equal(memory.bytes[0], 7);
});

for (const action of ["create", "createInChild"]) {
  test(`${action}: a name goes when the program ends that made it`, async () => {
    const name = unique(`ends-${action}`);
    assert.equal(await run(action, name), 0);
    assert.equal(isThere(name), false);
  });
}

test("the name of a killed program stays until the next one shares memory, and those who have the memory keep it", async () => {
  const name = unique("killed");
  const creator = startProgram("createAndStay", name);
  await isReady(creator);
  const memory = SharedMemory.attach(name);
  creator.kill("SIGKILL");
  await end(creator);
  assert.equal(await run("begin", name), 0);
  assert.equal(isThere(name), false);
  assert.equal(memory.bytes[0], 7);
  assert.throws(() => memory.unlink(), StateError);
});

test("a name that is to persist does, until somebody unlinks it", async () => {
  const name = unique("persists");
  assert.equal(await run("createToStay", name), 0);
  assert.equal(await run("begin", name), 0);
  assert.equal(SharedMemory.attach(name).bytes[0], 7);
  assert.equal(await run("unlink", name), 0);
  assert.equal(isThere(name), false);
});

test("a name that was unlinked and made again by another program does not go with the first", async () => {
  const name = unique("made-again");
  const creator = startProgram("createAndStay", name);
  await isReady(creator);
  SharedMemory.attach(name).unlink();
  const memory = SharedMemory.create({ name, size: 3 });
  creator.kill("SIGKILL");
  await end(creator);
  assert.equal(await run("begin", name), 0);
  assert.equal(SharedMemory.attach(name).size, 3);
  memory.unlink();
});

test("a program that is killed between marking and naming leaves no name, and nothing after the next one", async () => {
  const name = unique("half");
  assert.equal(await run("create", name, { killPoint: "named-segment.marked" }), "SIGKILL");
  assert.equal(isThere(name), false);
  assert.equal(await run("create", name), 0);
  assert.equal(isThere(name), false);
  const left = readdirSync("/dev/shm").filter((entry) => entry.includes(name));
  assert.deepEqual(left, []);
});

test("only one of many programs that create the same name at the same time gets it", async () => {
  const name = unique("contested");
  const programs = Array.from({ length: 4 }, () => startProgram("createAndStay", name, { isDoomed: true }));
  const first = await Promise.race(programs.map(async (program) => isReady(program).then(() => program)));
  const others = programs.filter((program) => program !== first);
  assert.deepEqual(await Promise.all(others.map(end)), [1, 1, 1]);
  first.kill("SIGKILL");
  await end(first);
  assert.equal(await run("begin", name), 0);
});
