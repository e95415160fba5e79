/** Processes that start processes: allowed in tasks, refused while a worker imports a module. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type * as manyhands from "manyhands";
import { BootstrapError } from "manyhands";
import { messageCodec } from "#lib/ship/codec.js";
import { catalogFunction } from "#lib/backend/function-catalog.js";
import { processBackend } from "#lib/backend/process.js";
import { threadBackend } from "#lib/backend/thread.js";
import { WorkerLink, type LinkAnswer, type LinkEnd } from "#lib/backend/worker-link.js";
import { createCodec } from "#lib/wire/codec.js";
import type { CodecExtension } from "#lib/wire/extension.js";
import { backends } from "./backends.js";
import { isRunning } from "../../processes/is-running.js";
import { until } from "../../processes/until.js";

type Library = Pick<typeof manyhands, "Pool" | "Process">;

/** The library, as a function that was sent finds it: for processes, and for threads. */
const libraries = [import.meta.resolve("manyhands"), import.meta.resolve("manyhands/threads")];

/** Stands for something that a worker cannot read before it has imported a module. */
class NeedsModule {}

function needing(url: string): CodecExtension {
  return {
    name: "shared",
    dismantle(value, context) {
      if (!(value instanceof NeedsModule)) return undefined;
      context.require({ specifier: url, parent: undefined });
      return { header: undefined, children: [] };
    },
    assemble: () => assert.fail("the sender reads nothing"),
  };
}

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

for (const backend of [processBackend, threadBackend]) {
  test(`${backend.kind}: a module that starts a process when it is imported is refused in a worker, which lives on`, async () => {
    const url = new URL("../../../../test/fixtures/apps/starts-at-top-level.mjs", import.meta.url).href;
    const identity = {
      name: "Importer",
      daemon: true,
      role: "pool" as const,
      parent: { pid: process.pid, name: "MainProcess" },
      path: [1],
    };
    const answers: ((answer: LinkAnswer) => void)[] = [];
    let link: WorkerLink | undefined;
    const ended = new Promise<LinkEnd>((resolve) => {
      link = new WorkerLink(
        backend,
        { name: "Importer", env: undefined, execArgv: undefined, stdio: "ignore", identity },
        { onReady() {}, onAnswer: (taskId, answer) => answers[taskId]?.(answer), onEnd: resolve },
      );
    });
    const fn = catalogFunction(() => "ran");
    // Arguments that have the worker import the module before it runs the task.
    const codec = createCodec({ extensions: [needing(url)], loadModule: () => assert.fail("the sender imports nothing") });
    const importing = codec.encode([new NeedsModule()], "args");
    const first = new Promise<LinkAnswer>((resolve) => (answers[0] = resolve));
    const second = new Promise<LinkAnswer>((resolve) => (answers[1] = resolve));
    link?.send(0, { kind: "run", fn, args: importing });
    link?.send(1, { kind: "run", fn, args: messageCodec().encode([], "args") });
    const answer = await first;
    assert.ok(answer.kind === "error");
    assert.ok(answer.error instanceof BootstrapError, String(answer.error));
    assert.match(answer.error.message, /top level.*isMain/);
    assert.deepEqual(await second, { kind: "value", value: "ran" });
    link?.stop();
    assert.equal((await ended).exit.exitCode, 0);
  });
}
