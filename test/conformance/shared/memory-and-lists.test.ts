/** Memory with a name, and lists, between processes, and between threads. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ShareableList, SharedMemory, StateError } from "manyhands";
import { backends } from "./backends.js";

for (const { kind, Process } of backends) {
  test(`${kind}: memory arrives attached, and its receiver closes its own`, async () => {
    const memory = SharedMemory.create({ size: 10 });
    const worker = new Process(
      (given: { memory: SharedMemory }) => {
        given.memory.bytes[9] = 9;
        given.memory.close();
        return given.memory.isClosed;
      },
      [{ memory }],
    );
    assert.equal(await worker.start().result(), true);
    assert.equal(memory.bytes[9], 9);
    memory.unlink();
  });

  test(`${kind}: memory made by a worker is there when the worker has ended`, async () => {
    const name = `made-by-${kind}-${process.pid}`;
    const worker = new Process(
      (chosen: string) => SharedMemory.create({ name: chosen, size: 3, initialize: (bytes) => bytes.fill(5) }),
      [name],
    ).start();
    const memory = await worker.result();
    await worker.join();
    assert.deepEqual([...memory.bytes], [5, 5, 5]);
    assert.equal(memory.name, name);
    memory.unlink();
    assert.throws(() => SharedMemory.attach(name), StateError);
  });

  test(`${kind}: a list is the same list in a worker, with a name or without`, async () => {
    const list = new ShareableList(["howdy", 1, null]);
    const named = new ShareableList(["large".repeat(2_000), 1n], { name: `list-${kind}-${process.pid}` });
    const worker = new Process(() => {
      list.set(0, "hé\0");
      named.set(-1, 2n);
      return [list, named] as const;
    });
    const [same, attached] = await worker.start().result();
    assert.equal(same, list);
    assert.deepEqual([...list], ["hé\0", 1, null]);
    assert.equal(named.at(1), 2n);
    assert.deepEqual([...attached], [...named]);
    named.memory?.unlink();
  });

  test(`${kind}: several workers write the same item, and the last value stays`, async () => {
    const list = new ShareableList([0]);
    const workers = Array.from({ length: 3 }, () =>
      new Process(() => {
        for (let round = 1; round <= 500; round++) list.set(0, Math.max(Number(list.at(0)), round));
      }).start(),
    );
    for (const worker of workers) assert.equal(await worker.join(), 0);
    assert.equal(list.at(0), 500);
  });
}
