/** What waitable.test.ts runs in another thread. */
import { workerData } from "node:worker_threads";
import { Block } from "#lib/memory/block.js";
import { SharedWords } from "#lib/memory/shared-words.js";
import type { Words } from "#lib/memory/waitable.js";

const { location, buffer, action } = workerData as { location?: unknown; buffer?: SharedArrayBuffer; action: string };
const block = location === undefined ? undefined : Block.attach(location);
const words: Words = block?.words ?? new SharedWords(buffer ?? new SharedArrayBuffer(0));
const at = block?.at ?? 0;

if (action === "block") {
  Atomics.store(words.int32, at + 1, 1);
  while (Atomics.load(words.int32, at) === 0) words.wait(at, 0);
  Atomics.store(words.int32, at + 1, 2);
} else if (action === "await") {
  const wait = words.waitAsync(at, 0);
  Atomics.store(words.int32, at + 1, 1);
  await wait;
  Atomics.store(words.int32, at + 1, 2);
} else if (action === "ping") {
  for (let turn = 0; turn < 2_000; turn++) {
    for (;;) {
      const value = Atomics.load(words.int32, at);
      if (value === 2 * turn + 1) break;
      words.wait(at, value);
    }
    Atomics.store(words.int32, at, 2 * turn + 2);
    words.wake(at, 1);
  }
} else throw new Error(`unknown action ${action}`);
