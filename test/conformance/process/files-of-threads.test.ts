/** A thread that ends closes its own files, once: a number that it has given back may be another thread's file by then. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Event, Process } from "manyhands/threads";
import { SharedValue } from "manyhands";
import { until } from "../../processes/until.js";

/** Opens and closes files until it is told to stop; returns how many others have closed. */
async function openAndClose(isOver: Event, opened: SharedValue<"uint32">): Promise<number> {
  const { closeSync, openSync } = process.getBuiltinModule("node:fs");
  let lost = 0;
  while (!isOver.isSet) {
    opened.add(1);
    const fd = openSync("/dev/null", "r");
    try {
      closeSync(fd);
    } catch {
      lost += 1;
    }
  }
  return lost;
}

test("threads that have waited for something, and end, close no file of another thread", async () => {
  const [isOver, never] = [new Event(), new Event()];
  const opened = new SharedValue("uint32", 0, { lock: false });
  const others = [0, 1].map(() => new Process(openAndClose, [isOver, opened]).start());
  try {
    for (let round = 0; round < 6; round += 1) {
      const before = opened.value;
      await until(() => opened.value > before, "files are opened");
      const waiters = [0, 1].map(() => new Process((event: Event) => event.wait({ timeout: 1 }), [never]).start());
      for (const waiter of waiters) assert.deepEqual([await waiter.result(), await waiter.join()], [false, 0]);
    }
  } finally {
    isOver.set();
  }
  assert.deepEqual(await Promise.all(others.map((other) => other.result())), [0, 0]);
});
