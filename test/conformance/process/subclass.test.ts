/** Subclasses of Process that override `run()`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ManyhandsError, type Process, StateError } from "manyhands";
import { runProgram } from "../../programs/run-program.js";
import { backends } from "./backends.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

const run = (...args: string[]) => runProgram(process.execPath, args, { cwd: root, env: { NODE_TEST_CONTEXT: "", NODE_NO_WARNINGS: "1" } });

/** Result, name, whether the pid is the process's, daemon and isAlive as run() saw them; then what the program's own object says. */
const stepper = "10 Process-1 true false true - 0 4 0\n";

test("run() sees the properties, name, pid and daemon flag of the object; what it changes stays there", async () => {
  const { exitCode, stdout, stderr } = await run("test/fixtures/apps/subclass/program.mjs");
  const expected = [
    "100 Stepper true true true - 0 4 0",
    "11 ThreadStepper-2 true false true - 1 2 0",
    "10 Counter true false true - 0 4 0",
    "6 Counter-4 true false true - 0 3 0",
    "",
  ];
  assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: expected.join("\n"), stderr: "" });
});

test("a subclass works in a CommonJS program", async () => {
  const { exitCode, stdout, stderr } = await run("test/fixtures/apps/subclass/program.cjs");
  assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: stepper.replace("Process", "Stepper"), stderr: "" });
});

test("a subclass works in a program that tsx runs", async () => {
  const { exitCode, stdout, stderr } = await run("--import", "tsx", "test/fixtures/apps/subclass/program.ts");
  assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: stepper.replace("Process", "Stepper"), stderr: "" });
});

const both: readonly { readonly kind: string; readonly Process: typeof Process }[] = backends;

for (const { kind, Process: Either } of both) {
  test(`${kind}: run() may call the target through super`, async () => {
    class Doubled extends Either<[number], number> {
      override run(): number {
        return (super.run() as number) * 2;
      }
    }
    assert.equal(await new Doubled((n) => n + 1, [20]).start().result(), 42);
  });

  test(`${kind}: a run() that throws is an error of the process`, async () => {
    class Failing extends Either {
      override run(): never {
        throw new RangeError(`no luck in ${this.name}`);
      }
    }
    const child = new Failing(undefined, [], { name: "Failing", stdio: "ignore" }).start();
    await assert.rejects(child.result(), (error) => error instanceof RangeError && error.message === "no luck in Failing");
    assert.equal(await child.join(), 1);
  });

  test(`${kind}: an inherited run() runs, and may call other methods`, async () => {
    class Base extends Either {
      factor = 2;
      override run(): number {
        return this.scaled(21);
      }
      scaled(n: number): number {
        return n * this.factor;
      }
    }
    class Derived extends Base {
      override scaled(n: number): number {
        return super.scaled(n) + 1;
      }
    }
    assert.equal(await new Derived().start().result(), 43);
  });

  test(`${kind}: a property that cannot be sent is refused by start(), by its path`, () => {
    class Holder extends Either {
      held = new WeakMap();
      override run(): void {}
    }
    assert.throws(
      () => new Holder().start(),
      (error) => error instanceof ManyhandsError && error.message.includes("held"),
    );
  });

  test(`${kind}: inside run() the object cannot act on its own process`, async () => {
    class Selfish extends Either {
      override async run(): Promise<unknown[]> {
        const said: unknown[] = [this.exitCode, this.stdout];
        for (const call of ["start", "terminate", "kill", "interrupt", "close"] as const) {
          try {
            this[call]();
          } catch (error) {
            said.push((error as Error).name);
          }
        }
        for (const wait of [this.join(), this.result()]) said.push(await wait.catch((error: unknown) => (error as Error).name));
        return said;
      }
    }
    const child: Process = new Selfish();
    assert.deepEqual(await child.start().result(), [undefined, undefined, ...Array.from({ length: 7 }, () => StateError.name)]);
  });
}
