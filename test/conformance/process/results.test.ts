/** What `result()` gives: the value, the target's own error, or what became of the process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EncodeError, Process, WorkerDiedError } from "manyhands";
import { backends } from "./backends.js";

const quiet = { stdio: "ignore" } as const;

for (const { kind, Process: Either } of backends) {
  test(`${kind}: result() is what the target returned, with its types`, async () => {
    const target = (map: Map<string, bigint>, numbers: Float64Array) => ({
      map: new Map([...map, ["more", 2n]]),
      numbers,
      when: new Date(0),
      nothing: undefined,
    });
    const result = await new Either(target, [new Map([["one", 1n]]), new Float64Array([1.5, -0])]).start().result();
    assert.deepEqual(result, {
      map: new Map([
        ["one", 1n],
        ["more", 2n],
      ]),
      numbers: new Float64Array([1.5, -0]),
      when: new Date(0),
      nothing: undefined,
    });
  });

  test(`${kind}: large arrays arrive whole, and the sender keeps its own`, async () => {
    const numbers = new Float64Array(300_000).map((_, index) => index);
    const result = await new Either((values: Float64Array) => values.map((value) => -value), [numbers]).start().result();
    assert.equal(numbers.length, 300_000);
    assert.equal(result.length, 300_000);
    assert.equal(result[299_999], -299_999);
  });

  test(`${kind}: promises and other thenables are awaited`, async () => {
    // oxlint-disable-next-line no-thenable -- what is tested
    const target = () => ({ then: (resolve: (value: number) => void) => setTimeout(() => resolve(5), 1) });
    assert.equal(await new Either(target).start().result(), 5);
    assert.equal(await new Either(async (n: number) => n * 2, [21]).start().result(), 42);
  });

  test(`${kind}: an error keeps its class, message, code, own properties, cause and stack`, async () => {
    const target = (): never => {
      throw Object.assign(new RangeError("too far", { cause: new TypeError("the reason") }), { code: "E_FAR", distance: 7 });
    };
    const child = new Either(target, [], quiet).start();
    await assert.rejects(child.result(), (error) => {
      assert.ok(error instanceof RangeError);
      assert.ok(error.cause instanceof TypeError);
      assert.equal(error.message, "too far");
      assert.equal(error.cause.message, "the reason");
      assert.equal(Reflect.get(error, "code"), "E_FAR");
      assert.equal(Reflect.get(error, "distance"), 7);
      assert.match(error.stack ?? "", /in worker Process-\d+ \((pid|thread) \d+\)/);
      return true;
    });
  });

  for (const value of [undefined, null, 0, "", false, Number.NaN, "text", { plain: true }]) {
    test(`${kind}: a thrown ${JSON.stringify(value) ?? "undefined"} arrives as such`, async () => {
      const child = new Either(
        (thrown: unknown) => {
          throw thrown;
        },
        [value],
        quiet,
      ).start();
      const [outcome] = await Promise.allSettled([child.result()]);
      assert.deepEqual(outcome, { status: "rejected", reason: value });
      assert.equal(await child.join(), 1);
    });
  }

  test(`${kind}: a result that cannot be sent rejects, naming it; the process itself ended well`, async () => {
    const child = new Either(() => ({ inner: [new WeakMap()] }), [], quiet).start();
    await assert.rejects(child.result(), (error) => error instanceof EncodeError && error.path === "result.inner[0]");
    assert.equal(await child.join(), 0);
  });

  test(`${kind}: an error arrives without those of its properties that cannot be sent`, async () => {
    const target = (): never => {
      throw Object.assign(new RangeError("outer"), { held: new WeakMap(), code: 7 });
    };
    const child = new Either(target, [], quiet).start();
    await assert.rejects(child.result(), (error) => {
      assert.ok(error instanceof RangeError);
      assert.equal(error.message, "outer");
      assert.equal(Reflect.get(error, "code"), 7);
      return true;
    });
    assert.equal(await child.join(), 1);
  });

  test(`${kind}: a process that exits before its target returns rejects with its exit code`, async () => {
    const child = new Either(() => process.exit(4), [], quiet).start();
    await assert.rejects(child.result(), (error) => error instanceof WorkerDiedError && error.exitCode === 4 && error.signal === undefined);
  });

  test(`${kind}: an error outside the target is the cause of the death it brings`, async () => {
    const target = () =>
      new Promise(() =>
        setTimeout(() => {
          throw new RangeError("loose");
        }, 1),
      );
    const child = new Either(target, [], quiet).start();
    await assert.rejects(child.result(), (error) => {
      assert.ok(error instanceof WorkerDiedError);
      assert.equal(error.exitCode, 1);
      assert.ok(error.cause instanceof RangeError);
      assert.equal(error.cause.message, "loose");
      return true;
    });
  });

  test(`${kind}: a handler for uncaught errors keeps the process alive`, async () => {
    const target = () =>
      new Promise((resolve) => {
        process.on("uncaughtException", (error) => resolve(error.message));
        setTimeout(() => {
          throw new RangeError("caught");
        }, 1);
      });
    assert.equal(await new Either(target).start().result(), "caught");
  });

  test(`${kind}: a killed process rejects with the signal`, async () => {
    const child = new Either(
      () => {
        for (;;);
      },
      [],
      quiet,
    ).start();
    const outcome = child.result();
    child.kill();
    await assert.rejects(outcome, (error) => error instanceof WorkerDiedError && error.exitCode === -9 && error.signal === "SIGKILL");
  });

  test(`${kind}: a failure that nobody asks for is no unhandled rejection here`, async () => {
    const child = new Either(
      () => {
        throw new Error("nobody asks");
      },
      [],
      quiet,
    ).start();
    assert.equal(await child.join(), 1);
  });
}

test("process: one that kills itself rejects with the signal and its pid", async () => {
  const child = new Process(() => void process.kill(process.pid, "SIGKILL"), [], quiet).start();
  const { pid } = child;
  await assert.rejects(child.result(), (error) => error instanceof WorkerDiedError && error.signal === "SIGKILL" && error.pid === pid);
});

test("process: what was sent before the death arrives", async () => {
  const target = () => {
    setImmediate(() => process.kill(process.pid, "SIGKILL"));
    return "sent before";
  };
  const child = new Process(target, [], quiet).start();
  assert.equal(await child.result(), "sent before");
  assert.equal(await child.join(), -9);
});
