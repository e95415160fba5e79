/** What a task leaves running in its worker: it goes on between tasks, and a failure of it is told. */
import assert from "node:assert/strict";
import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Pool } from "manyhands";
import { Pool as ThreadPool } from "manyhands/threads";
import { runProgram } from "../../programs/run-program.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

for (const [kind, Either] of [
  ["process", Pool],
  ["thread", ThreadPool],
] as const) {
  test(`${kind}: a server that a task has opened answers while the worker is idle, and while another task waits`, async () => {
    await using pool = new Either(1);
    const port = await pool.apply(async () => {
      const { createServer } = process.getBuiltinModule("node:net");
      const server = createServer((socket) => socket.end("answer"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return (server.address() as AddressInfo).port;
    });
    assert.equal(await text(connect(port, "127.0.0.1")), "answer");
    const waiting = pool.apply(() => new Promise<string>((resolve) => Reflect.set(globalThis, "finish", resolve)));
    assert.equal(await text(connect(port, "127.0.0.1")), "answer");
    assert.equal(waiting.ready, false);
    waiting.cancel();
    await assert.rejects(waiting);
  });

  test(`${kind}: an interval that a task has started counts while the worker has nothing to do`, async () => {
    await using pool = new Either(1);
    await pool.apply(() => {
      let idleTurns = 0;
      Reflect.set(globalThis, "idleTurns", () => idleTurns);
      setInterval(() => (idleTurns += 1), 1);
    });
    const count = (): Promise<number> => pool.apply(() => (Reflect.get(globalThis, "idleTurns") as () => number)());
    // A synchronous task leaves the interval no time: what it has counted, it has counted between tasks.
    const first = await count();
    while ((await count()) === first);
  });
}

test("a rejection nobody handles ends the worker: stderr tells, the running task rejects with it as the cause, the pool heals", async () => {
  const { exitCode, stdout, stderr } = await runProgram(process.execPath, ["test/fixtures/apps/worker/loose-rejection.mjs"], {
    cwd: root,
    env: { NODE_TEST_CONTEXT: "", NODE_NO_WARNINGS: "1" },
  });
  const line = "ERR_WORKER_DIED 1 RangeError: left behind 3\n";
  assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: line + line });
  // A process prints it as any Node program does; a thread's error is its host's to tell.
  assert.match(stderr, /RangeError: left behind\n {4}at /);
});
