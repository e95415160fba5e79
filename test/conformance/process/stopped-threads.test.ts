import assert from "node:assert/strict";
import { test } from "node:test";
import { Process as Thread, Semaphore, SharedArray } from "manyhands/threads";
import { Process } from "manyhands";

const rounds = Number(process.env["ROUNDS"] ?? 12);

/** Maps memory, and has the engine make objects over it, until it is stopped. */
function mapForEver(isMapping: Semaphore): never {
  isMapping.release();
  for (;;) new SharedArray("uint8", 8192);
}

test("a thread that is stopped while it maps memory ends alone, not with the program", async () => {
  for (let round = 0; round < rounds; round++) {
    const isMapping = new Semaphore(0);
    const thread = new Thread(mapForEver, [isMapping]).start();
    await isMapping.acquire();
    thread.terminate();
    await thread.join();
    assert.equal(thread.exitCode, -15, `round ${round}`);
  }
});

test("so does one whose starter, a thread, is stopped", async () => {
  for (let round = 0; round < rounds / 4; round++) {
    const isMapping = new Semaphore(0);
    const starter = new Thread(
      async (go: Semaphore) => {
        await new Thread(mapForEver, [go]).start().join();
      },
      [isMapping],
    ).start();
    await isMapping.acquire();
    starter.terminate();
    await starter.join();
    assert.equal(starter.exitCode, -15, `round ${round}`);
  }
});

test("a program that exits while its threads map memory has its own exit code", async () => {
  for (let round = 0; round < rounds / 4; round++) {
    const program = new Process(async () => {
      const isMapping = new Semaphore(0);
      new Thread(mapForEver, [isMapping]).start();
      await isMapping.acquire();
      process.exit(7);
    }).start();
    await program.join();
    assert.equal(program.exitCode, 7, `round ${round}`);
  }
});
