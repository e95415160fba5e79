/** How a process ends, and what `exitCode`, `join()` and its standard error say of it. */
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Process } from "manyhands";
import { backends } from "./backends.js";
import { until } from "../../processes/until.js";

interface Case {
  readonly what: string;
  readonly target: () => unknown;
  readonly exitCode: number;
}

const own: readonly Case[] = [
  { what: "a target that returns", target: () => "value", exitCode: 0 },
  { what: "an async target that returns", target: async () => "value", exitCode: 0 },
  {
    what: "a target that throws",
    target: () => {
      throw new Error("failed");
    },
    exitCode: 1,
  },
  {
    what: "a target that throws undefined",
    target: () => {
      throw undefined;
    },
    exitCode: 1,
  }, // oxlint-disable-line only-throw-error -- what is tested
  { what: "a target that rejects", target: () => Promise.reject(new Error("failed")), exitCode: 1 },
  { what: "process.exit(3)", target: () => process.exit(3), exitCode: 3 },
  { what: "process.exit(0)", target: () => process.exit(0), exitCode: 0 },
  { what: "process.exit(-1)", target: () => process.exit(-1), exitCode: 255 },
  { what: "process.exit(256)", target: () => process.exit(256), exitCode: 0 },
  {
    what: "process.exitCode = 5",
    target: () => {
      process.exitCode = 5;
    },
    exitCode: 5,
  },
  {
    what: "an error thrown in a callback after the target has returned",
    target: () =>
      void setTimeout(() => {
        throw new Error("later");
      }, 1),
    exitCode: 1,
  },
  {
    what: "an unhandled rejection while the target waits",
    target: () => {
      void Promise.reject(new Error("loose"));
      return new Promise(() => setTimeout(() => {}, 60_000));
    },
    exitCode: 1,
  },
];

for (const { kind, Process: Either } of backends) {
  for (const { what, target, exitCode } of own) {
    test(`${kind}: ${what} ends with exit code ${exitCode}`, async () => {
      const child = new Either(target, [], { stdio: "ignore" }).start();
      assert.equal(await child.join(), exitCode);
      assert.equal(child.exitCode, exitCode);
      assert.equal(child.isAlive, false);
    });
  }

  for (const [call, exitCode] of [
    ["terminate", -15],
    ["kill", -9],
    ["interrupt", -2],
  ] as const) {
    test(`${kind}: ${call}() ends an endless loop with exit code ${exitCode}`, async () => {
      const child = new Either(
        () => {
          for (;;);
        },
        [],
        { stdio: "ignore" },
      ).start();
      await until(() => child.isAlive, "it runs");
      child[call]();
      assert.equal(child.exitCode, undefined);
      assert.equal(await child.join(), exitCode);
      child[call]();
      assert.equal(child.exitCode, exitCode);
    });
  }

  test(`${kind}: what the target leaves in the event loop is finished before the end`, async () => {
    const child = new Either(() => void setTimeout(() => process.exit(7), 50), [], { stdio: "ignore" }).start();
    assert.equal(await child.result(), undefined);
    assert.equal(await child.join(), 7);
  });

  test(`${kind}: an uncaught error prints the name of the process and the stack with its causes`, async () => {
    const target = (): never => {
      throw new RangeError("too far", { cause: new TypeError("the reason") });
    };
    const child = new Either(target, [], { stdio: "pipe", name: "Surveyor" }).start();
    const [printed, exitCode] = await Promise.all([text(child.stderr ?? assert.fail()), child.join()]);
    assert.equal(exitCode, 1);
    assert.match(printed, /^Process Surveyor:\nRangeError: too far\n {4}at /);
    assert.match(printed, /\[cause\]: TypeError: the reason/);
  });
}

test("process: abort() ends it with exit code -6", async () => {
  const child = new Process(() => process.abort(), [], { stdio: "ignore" }).start();
  assert.equal(await child.join(), -6);
});

test("process: a handler for SIGTERM decides", async () => {
  const target = (): Promise<never> => {
    process.on("SIGTERM", () => process.exit(7));
    process.stdout.write("ready");
    return new Promise(() => setTimeout(() => {}, 60_000));
  };
  const child = new Process(target, [], { stdio: "pipe" }).start();
  child.stdout?.once("data", () => child.terminate());
  assert.equal(await child.join(), 7);
});
