/** Processes that start processes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type * as manyhands from "manyhands";
import { backends } from "./backends.js";
import { isRunning } from "../../processes/is-running.js";
import { until } from "../../processes/until.js";

type Library = Pick<typeof manyhands, "Pool" | "Process">;

/** The library, as a function that was sent finds it: for processes, and for threads. */
const libraries = [import.meta.resolve("manyhands"), import.meta.resolve("manyhands/threads")];

for (const { kind, Process } of backends) {
  for (const library of libraries) {
    const inner = library === libraries[0] ? "processes" : "threads";

    test(`${kind}: a target may use a pool of ${inner}, and nothing is left of it`, async () => {
      const target = async (url: string) => {
        const { Pool } = (await import(url)) as Library;
        const pool = new Pool(1);
        const result = await pool.map((n: number) => n * n, [3]);
        const [pid] = await pool.map(() => process.pid, [0]);
        pool.close();
        await pool.join();
        return { result, pid };
      };
      const { result, pid } = await new Process(target, [library]).start().result();
      assert.deepEqual(result, [9]);
      if (pid !== process.pid && inner === "processes") await until(() => !isRunning(Number(pid)), "the inner worker has gone");
    });
  }

  test(`${kind}: an error of the innermost of three arrives at the outermost`, async () => {
    const target = async (url: string, depth: number): Promise<unknown> => {
      const { Process: Own } = (await import(url)) as Library;
      const child = new Own(
        async (own: string, left: number) => {
          const { Process: Innermost } = (await import(own)) as Library;
          return new Innermost(
            (n: number) => {
              throw new RangeError(`depth ${n}`);
            },
            [left],
            { stdio: "ignore" },
          )
            .start()
            .result();
        },
        [url, depth + 1],
        { stdio: "ignore" },
      );
      return child.start().result();
    };
    const child = new Process(target, [libraries[0] ?? "", 1], { stdio: "ignore" }).start();
    await assert.rejects(child.result(), (error) => error instanceof RangeError && error.message === "depth 2");
  });
}

test("a process that a thread has started ends with the thread", async () => {
  const target = async (url: string) => {
    const { Process } = (await import(url)) as Library;
    const child = new Process(() => {
      for (;;);
    }).start();
    process.stdout.write(`${child.pid}`);
    await child.join();
  };
  const thread = new backends[1].Process(target, [libraries[0] ?? ""], { stdio: "pipe" }).start();
  const pid = await new Promise<number>((resolve) => thread.stdout?.once("data", (chunk: Buffer) => resolve(Number(chunk.toString()))));
  assert.equal(isRunning(pid), true);
  thread.terminate();
  assert.equal(await thread.join(), -15);
  await until(() => !isRunning(pid), "the thread's process has gone");
});
