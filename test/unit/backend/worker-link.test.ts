/** The conversation with one worker, over both backends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runInThisContext } from "node:vm";
import type { Backend } from "#lib/backend/backend.js";
import { messageCodec } from "#lib/ship/codec.js";
import { catalogFunction } from "#lib/backend/function-catalog.js";
import { processBackend } from "#lib/backend/process.js";
import { threadBackend } from "#lib/backend/thread.js";
import { WorkerLink, type LinkAnswer, type LinkEnd, type LinkWork } from "#lib/backend/worker-link.js";
import { ClosedError, DecodeError, EncodeError, WorkerStartError } from "#lib/errors.js";

/** A worker of the role "pool", and all that it told, in order. */
class Subject {
  readonly link: WorkerLink;
  readonly told: string[] = [];
  readonly ended: Promise<LinkEnd>;
  readonly #answers = new Map<number, (answer: LinkAnswer) => void>();
  #lastTask = 0;

  constructor(backend: Backend) {
    const identity = {
      name: "Subject",
      daemon: false,
      role: "pool" as const,
      parent: { pid: process.pid, name: "MainProcess" },
      path: [1],
    };
    let resolveEnd: (end: LinkEnd) => void = () => {};
    this.ended = new Promise((resolve) => (resolveEnd = resolve));
    this.link = new WorkerLink(
      backend,
      { name: "Subject", env: undefined, execArgv: undefined, stdio: "ignore", identity },
      {
        onReady: () => this.told.push("ready"),
        onAnswer: (taskId, answer) => {
          this.told.push(`answer ${taskId}`);
          this.#answers.get(taskId)?.(answer);
        },
        onEnd: (end) => {
          this.told.push("end");
          resolveEnd(end);
        },
      },
    );
  }

  send(work: LinkWork): Promise<LinkAnswer> {
    const taskId = ++this.#lastTask;
    const answer = new Promise<LinkAnswer>((resolve) => this.#answers.set(taskId, resolve));
    this.link.send(taskId, work);
    return answer;
  }

  run(fn: (...args: never[]) => unknown, ...args: unknown[]): Promise<LinkAnswer> {
    return this.send({ kind: "run", fn: catalogFunction(fn), args: messageCodec().encode(args, "args") });
  }

  chunk(fn: (...args: never[]) => unknown, items: readonly unknown[], spread = false): Promise<LinkAnswer> {
    return this.send({ kind: "chunk", fn: catalogFunction(fn), spread, items: messageCodec().encode(items, "items") });
  }

  async stop(): Promise<LinkEnd> {
    this.link.stop();
    return this.ended;
  }
}

/** A function of its own text for each number. */
function makeAdder(increment: number): (n: number) => number {
  return runInThisContext(`(n) => n + ${increment}`) as (n: number) => number;
}

const double = (n: number): number => n * 2;

for (const backend of [processBackend, threadBackend]) {
  const { kind } = backend;

  test(`${kind}: work sent before it is ready is answered in order, then it stops with 0`, async () => {
    const subject = new Subject(backend);
    const answers = await Promise.all([subject.run(double, 1), subject.run(double, 2), subject.run(double, 3)]);
    assert.deepEqual(
      answers,
      [2, 4, 6].map((value) => ({ kind: "value", value })),
    );
    assert.deepEqual(await subject.stop(), { exit: { exitCode: 0, signal: undefined }, neverBegan: false, leftUnread: false });
    assert.deepEqual(subject.told, ["ready", "answer 1", "answer 2", "answer 3", "end"]);
    assert.throws(
      () => subject.link.send(9, { kind: "run", fn: catalogFunction(double), args: messageCodec().encode([], "args") }),
      ClosedError,
    );
  });

  test(`${kind}: stop() lets it finish what it was sent`, async () => {
    const subject = new Subject(backend);
    const slow = subject.run(() => new Promise((resolve) => setTimeout(() => resolve("done"), 30)));
    const next = subject.run(double, 5);
    const end = subject.stop();
    assert.deepEqual(await slow, { kind: "value", value: "done" });
    assert.deepEqual(await next, { kind: "value", value: 10 });
    assert.equal((await end).exit.exitCode, 0);
  });

  test(`${kind}: a chunk gives values in order and failures by index`, async () => {
    const subject = new Subject(backend);
    const half = async (n: number): Promise<number> => {
      if (n % 2 === 1) throw new RangeError(`odd: ${n}`);
      return n / 2;
    };
    const answer = await subject.chunk(half, [0, 1, 2, 3, 4]);
    assert.ok(answer.kind === "outcomes");
    assert.deepEqual(answer.values, [0, 1, 2]);
    assert.deepEqual(
      answer.failures.map(({ index, error }) => [index, error instanceof RangeError && error.message]),
      [
        [1, "odd: 1"],
        [3, "odd: 3"],
      ],
    );
    await subject.stop();
  });

  test(`${kind}: a chunk spreads argument lists when told to`, async () => {
    const subject = new Subject(backend);
    const add = (a: number, b: number): number => a + b;
    assert.deepEqual(
      await subject.chunk(
        add,
        [
          [1, 2],
          [3, 4],
        ],
        true,
      ),
      { kind: "outcomes", values: [3, 7], failures: [] },
    );
    const mixed = await subject.chunk(add, [[1, 2], 3], true);
    assert.ok(mixed.kind === "outcomes");
    assert.deepEqual([mixed.values, mixed.failures.map(({ index }) => index)], [[3], [1]]);
    await subject.stop();
  });

  test(`${kind}: results of a chunk that cannot be sent fail alone, and the worker goes on`, async () => {
    const subject = new Subject(backend);
    const answer = await subject.chunk((n: number) => (n === 1 ? new WeakMap() : n), [0, 1, 2]);
    assert.ok(answer.kind === "outcomes");
    assert.deepEqual(answer.values, [0, 2]);
    assert.equal(answer.failures[0]?.index, 1);
    assert.ok(answer.failures[0]?.error instanceof EncodeError);
    assert.deepEqual(await subject.run(double, 4), { kind: "value", value: 8 });
    await subject.stop();
  });

  test(`${kind}: more functions than a worker keeps all run, also again`, async () => {
    const subject = new Subject(backend);
    const functions = Array.from({ length: 300 }, (_, index) => makeAdder(index));
    for (const round of [1, 2]) {
      const answers = await Promise.all(functions.map((fn) => subject.run(fn, round)));
      assert.deepEqual(
        answers.map((answer) => answer.kind === "value" && answer.value),
        functions.map((_, index) => index + round),
      );
    }
    await subject.stop();
  });

  test(`${kind}: what tasks leave in the event loop goes on between them`, async () => {
    const subject = new Subject(backend);
    await subject.run(() => {
      let ticks = 0;
      Reflect.set(globalThis, "readTicks", () => ticks);
      setInterval(() => (ticks += 1), 1);
    });
    const answer = await subject.run(async () => {
      const read = Reflect.get(globalThis, "readTicks") as () => number;
      const before = read();
      while (read() === before) await new Promise((resolve) => setImmediate(resolve));
      return "went on";
    });
    assert.deepEqual(answer, { kind: "value", value: "went on" });
    assert.equal((await subject.stop()).exit.exitCode, 0);
  });

  test(`${kind}: an error outside its tasks ends it, and is told`, async () => {
    const subject = new Subject(backend);
    await subject.run(
      () =>
        void setTimeout(() => {
          throw new RangeError("loose");
        }, 1),
    );
    const end = await subject.ended;
    assert.equal(end.exit.exitCode, 1);
    assert.ok(end.crash instanceof RangeError);
    assert.equal(end.crash.message, "loose");
  });

  test(`${kind}: with a flag that Node does not know it does not start`, async () => {
    const identity = {
      name: "Subject",
      daemon: false,
      role: "pool" as const,
      parent: { pid: process.pid, name: "MainProcess" },
      path: [1],
    };
    const options = { name: "Subject", env: undefined, execArgv: ["--no-such-flag"], stdio: "ignore" as const, identity };
    const start = (): Promise<LinkEnd> =>
      new Promise((resolve) => new WorkerLink(backend, options, { onReady: assert.fail, onAnswer: assert.fail, onEnd: resolve }));
    // A thread's flags are looked at before it starts, a process's by the process itself.
    if (kind === "thread") await assert.rejects(start(), WorkerStartError);
    else {
      const { exit, neverBegan } = await start();
      assert.deepEqual([exit.exitCode, neverBegan], [9, true]);
    }
  });
}

test("process: one that writes nonsense on its channel is killed, and its tasks are lost with the reason", async () => {
  const subject = new Subject(processBackend);
  void subject.run(() => {
    // A frame of one byte, which is no kind of message.
    process.getBuiltinModule("node:fs").writeSync(3, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 99]));
    for (;;);
  });
  const end = await subject.ended;
  assert.equal(end.exit.signal, "SIGKILL");
  assert.ok(end.crash instanceof DecodeError);
});

test("a pool's worker ignores Ctrl-C", async () => {
  const subject = new Subject(processBackend);
  await subject.run(() => {});
  subject.link.signal("SIGINT");
  assert.deepEqual(await subject.run(double, 3), { kind: "value", value: 6 });
  await subject.stop();
});
