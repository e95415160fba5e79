/** What a process finds around it: names, parents, environment, flags and streams. */
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type * as manyhands from "manyhands";
import { currentProcess, isMain, parentProcess, Process } from "manyhands";
import { Process as ThreadProcess } from "manyhands/threads";
import { backends } from "./backends.js";

type Library = Pick<typeof manyhands, "currentProcess" | "parentProcess" | "isMain" | "Process">;

/** The library, as a function that was sent finds it. */
const library = import.meta.resolve("manyhands");

test("the program itself is MainProcess, and has no parent", () => {
  assert.equal(currentProcess().name, "MainProcess");
  assert.equal(currentProcess().pid, process.pid);
  assert.equal(currentProcess().daemon, false);
  assert.equal(parentProcess(), undefined);
});

test("isMain() is true for the program's own module only", () => {
  assert.equal(isMain(import.meta), true);
  assert.equal(isMain({ url: library }), false);
});

for (const { kind, Process: Either } of backends) {
  test(`${kind}: default names count what was created`, () => {
    const [first = 0, second = 0] = [new Either(), new Either()].map(({ name }) => Number(/^Process-(\d+)$/.exec(name)?.[1]));
    assert.ok(first > 0);
    assert.equal(second, first + 1);
  });

  test(`${kind}: it knows its name, its parent and that it is not the program`, async () => {
    const target = async (url: string, entry: string) => {
      const { currentProcess: current, parentProcess: parent, isMain: main } = (await import(url)) as Library;
      const { name = "", pid = 0, isAlive = false } = parent() ?? {};
      return {
        own: { ...current() },
        parent: { name, pid, isAlive },
        isOver: await parent()?.join({ timeout: 0 }),
        isMain: main({ url: entry }),
      };
    };
    const child = new Either(target, [library, import.meta.url], { name: "Clerk", daemon: true }).start();
    assert.deepEqual(await child.result(), {
      own: { name: "Clerk", pid: child.pid, daemon: true },
      parent: { name: "MainProcess", pid: process.pid, isAlive: true },
      isOver: false,
      isMain: false,
    });
  });

  test(`${kind}: its own children are named after it, and inherit the daemon flag`, async () => {
    const target = async (url: string) => {
      const { Process: Own } = (await import(url)) as Library;
      const [first, second] = [new Own(), new Own()];
      return [first.name, second.name, first.daemon];
    };
    const child = new Either(target, [library], { name: "Parent", daemon: true });
    const number = /-(\d+)$/.exec(new Either().name)?.[1];
    assert.deepEqual(await child.start().result(), [`Process-${Number(number) - 1}:1`, `Process-${Number(number) - 1}:2`, true]);
  });

  test(`${kind}: the environment carries over, or is replaced`, async () => {
    process.env["SURROUNDINGS"] = "inherited";
    const read = (): unknown => [process.env["SURROUNDINGS"], process.env["ADDED"]];
    assert.deepEqual(await new Either(read).start().result(), ["inherited", undefined]);
    delete process.env["SURROUNDINGS"];
    assert.deepEqual(await new Either(read, [], { env: { ...process.env, ADDED: "yes" } }).start().result(), [undefined, "yes"]);
  });

  test(`${kind}: what it writes into its environment stays there`, async () => {
    await new Either(() => {
      process.env["LEAKED"] = "yes";
    })
      .start()
      .result();
    assert.equal(process.env["LEAKED"], undefined);
  });

  test(`${kind}: a test runner's context does not leak into it`, async () => {
    assert.equal(await new Either(() => process.env["NODE_TEST_CONTEXT"]).start().result(), undefined);
  });

  test(`${kind}: execArgv gives it flags of its own`, async () => {
    assert.equal(
      await new Either(() => process.execArgv.includes("--no-warnings"), [], { execArgv: ["--no-warnings"] }).start().result(),
      true,
    );
  });

  test(`${kind}: piped output can be read, and ends`, async () => {
    const target = () => {
      process.stdout.write("to out");
      process.stderr.write("to err");
    };
    const child = new Either(target, [], { stdio: "pipe" }).start();
    const { stdout, stderr } = child;
    assert.ok(stdout !== undefined && stderr !== undefined);
    assert.deepEqual(await Promise.all([text(stdout), text(stderr), child.join()]), ["to out", "to err", 0]);
  });

  test(`${kind}: without "pipe" there are no streams`, async () => {
    const child = new Either(() => {}, [], { stdio: "ignore" }).start();
    assert.equal(child.stdout, undefined);
    assert.equal(child.stderr, undefined);
    await child.join();
  });
}

test("process: its standard input is empty", async () => {
  const target = () => new Promise((resolve) => process.stdin.on("data", () => resolve("something")).on("end", () => resolve("nothing")));
  assert.equal(await new Process(target).start().result(), "nothing");
});

test("process: it has no IPC channel of the user's kind", async () => {
  assert.equal(await new Process(() => typeof process.send).start().result(), "undefined");
});

test("process: it has a pid of its own; a thread has the program's", async () => {
  assert.notEqual(await new Process(() => process.pid).start().result(), process.pid);
  assert.equal(await new ThreadProcess(() => process.pid).start().result(), process.pid);
});
