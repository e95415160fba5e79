import assert from "node:assert/strict";
import { test } from "node:test";
import type { LinkAnswer, LinkListener } from "#lib/backend/worker-link.js";
import { Job } from "#lib/pool/job.js";
import { Scheduler } from "#lib/pool/scheduler.js";
import { type WorkerDriver, WorkerSlot } from "#lib/pool/worker-slot.js";
import * as fc from "fast-check";

/** A worker that does what the test says: the scheduler's world, one event at a time. */
class HandWorker implements WorkerDriver<string> {
  readonly number: number;
  readonly pid: number;
  readonly listener: LinkListener;
  /** Whether it can be sent tasks ahead, and be asked to give them back. */
  readonly takesAhead: boolean;
  /** What it was sent and has not answered. */
  tasks: number[] = [];
  /** How many of them it has begun. */
  begun = 0;
  isReady = false;
  isAlive = true;
  isAskedToStop = false;
  readonly signals: string[] = [];

  constructor(number: number, listener: LinkListener, takesAhead = false) {
    this.number = number;
    this.takesAhead = takesAhead;
    this.pid = 1000 + number;
    this.listener = listener;
  }

  send(taskId: number): void {
    assert.ok(this.isReady, "work is sent to ready workers only");
    assert.ok(this.takesAhead || this.tasks.length === 0, "one job at a time");
    this.tasks.push(taskId);
  }

  takeBack(taskId: number): "taken" | "begun" | "unknown" {
    if (!this.takesAhead) return "unknown";
    const index = this.tasks.indexOf(taskId);
    if (index < this.begun) return "begun";
    this.tasks.splice(index, 1);
    return "taken";
  }

  /** What it runs, or is about to. */
  get task(): number | undefined {
    return this.tasks[0];
  }

  /** Begins the next task. Those before it are finished, their answers on the way. */
  begin(): void {
    if (this.begun < this.tasks.length) this.begun += 1;
  }

  stop(): void {
    this.isAskedToStop = true;
  }

  signal(signal: string): void {
    this.signals.push(signal);
  }

  becomeReady(): void {
    this.isReady = true;
    this.listener.onReady();
  }

  answer(): void {
    const task = this.tasks.shift();
    assert.ok(task !== undefined);
    this.begun = Math.max(this.begun - 1, 0);
    this.listener.onAnswer(task, { kind: "value", value: task });
  }

  end({ exitCode = 0, leftUnread = false, startError }: { exitCode?: number; leftUnread?: boolean; startError?: Error } = {}): void {
    this.isAlive = false;
    const signal = exitCode === -9 ? "SIGKILL" : undefined;
    this.listener.onEnd({
      exit: { exitCode, signal },
      neverBegan: !this.isReady,
      leftUnread,
      ...(startError === undefined ? {} : { startError }),
    });
  }
}

class HandJob extends Job<string> {
  outcomes: (LinkAnswer | { readonly kind: "failed"; readonly error: unknown })[] = [];
  isWithdrawn = false;

  constructor(id: number, timeout?: number) {
    super({ id, functionName: "work", work: "", timeout });
  }

  finish(answer: LinkAnswer): void {
    this.outcomes.push(answer);
  }

  fail(error: unknown): void {
    this.outcomes.push({ kind: "failed", error });
  }

  get error(): unknown {
    const outcome = this.outcomes[0];
    return outcome?.kind === "failed" ? outcome.error : undefined;
  }
}

class World {
  readonly workers: HandWorker[] = [];
  readonly jobs: HandJob[] = [];
  readonly scheduler: Scheduler<string>;
  startsFail = false;

  constructor(size: number, maxTasksPerWorker = Infinity, takesAhead = false) {
    this.scheduler = new Scheduler<string>({
      size,
      maxTasksPerWorker,
      startWorker: (number, owner) =>
        new WorkerSlot<string>({
          name: `worker-${number}`,
          owner,
          start: (listener) => {
            if (this.startsFail) throw new Error("the system refuses");
            const worker = new HandWorker(number, listener, takesAhead);
            this.workers.push(worker);
            return worker;
          },
        }),
    });
  }

  submit(timeout?: number): HandJob {
    const job = new HandJob(this.jobs.length + 1, timeout);
    this.jobs.push(job);
    this.scheduler.submit(job);
    return job;
  }

  alive(): HandWorker[] {
    return this.workers.filter((worker) => worker.isAlive);
  }

  worker(number: number): HandWorker {
    const worker = this.workers.find((candidate) => candidate.number === number);
    assert.ok(worker !== undefined, `there is a worker ${number}`);
    return worker;
  }

  /** Does what workers do, until nobody has anything left to do. */
  settle(): void {
    for (;;) {
      const worker = this.alive().find((one) => !one.isReady || one.task !== undefined || one.isAskedToStop || one.signals.length > 0);
      if (worker === undefined) return;
      if (worker.signals.length > 0) worker.end({ exitCode: -15 });
      else if (!worker.isReady) worker.becomeReady();
      else if (worker.task !== undefined) worker.answer();
      else worker.end();
    }
  }

  async end(): Promise<void> {
    this.scheduler.terminate();
    const ended = this.scheduler.ended();
    this.settle();
    await ended;
  }
}

test("Scheduler starts all workers at once, and hands each one job", async () => {
  const world = new World(2);
  assert.equal(world.workers.length, 2);
  for (let count = 0; count < 5; count += 1) world.submit();
  for (const worker of world.alive()) worker.becomeReady();
  assert.deepEqual(
    world.alive().map((worker) => worker.task),
    [1, 2],
  );
  world.worker(2).answer();
  assert.equal(world.worker(2).task, 3);
  assert.equal(world.jobs[1]?.outcomes.length, 1);
  await world.end();
});

test("a worker that dies takes the job it runs with it, and no other; it is replaced", async () => {
  const world = new World(2);
  for (let count = 0; count < 3; count += 1) world.submit();
  for (const worker of world.alive()) worker.becomeReady();
  world.worker(1).end({ exitCode: -9 });
  const error = world.jobs[0]?.error as { code: string; task: string; pid: number; exitCode: number; message: string };
  assert.equal(error.code, "ERR_WORKER_DIED");
  assert.deepEqual([error.task, error.pid, error.exitCode], ["work(#1)", 1001, -9]);
  assert.match(error.message, /worker-1 \(pid 1001\) was killed by SIGKILL \(signal 9\) while it ran work\(#1\)/);
  assert.equal(world.alive().length, 2);
  world.scheduler.close();
  world.settle();
  assert.deepEqual(
    world.jobs.map((job) => job.outcomes[0]?.kind),
    ["failed", "value", "value"],
  );
});

test("a job that provably never began goes to another worker, but not for ever", async () => {
  const world = new World(1);
  const job = world.submit();
  for (let number = 1; number <= 4; number += 1) {
    world.worker(number).becomeReady();
    world.worker(number).end({ exitCode: -9, leftUnread: true });
    assert.deepEqual(job.outcomes, []);
  }
  world.worker(5).becomeReady();
  world.worker(5).end({ exitCode: -9, leftUnread: true });
  assert.equal((job.error as { code: string }).code, "ERR_WORKER_DIED");
  await world.end();
});

test("workers that cannot start fail the pool, with the cause, after a bounded number of starts", async () => {
  const world = new World(2);
  const job = world.submit();
  const cause = new Error("no such module");
  for (let count = 0; count < 3; count += 1) world.alive()[0]?.end({ exitCode: 1, startError: cause });
  assert.equal(world.scheduler.state, "failed");
  assert.equal((job.error as Error).cause, cause);
  assert.equal((job.error as { code: string }).code, "ERR_WORKER_START");
  assert.notEqual(world.scheduler.failure, job.error);
  assert.equal(world.workers.length, 4);
  const ended = world.scheduler.ended();
  world.settle();
  await ended;
});

test("a system that refuses to start any worker fails the pool at once", async () => {
  const world = new World(2);
  world.startsFail = true;
  for (const worker of world.alive()) worker.end({ exitCode: -9 });
  assert.equal(world.scheduler.state, "failed");
  await world.scheduler.ended();
});

test("an idle pool whose workers keep dying stops replacing them, until there is work", async () => {
  const world = new World(2);
  for (let count = 0; count < 100 && world.alive().length > 0; count += 1) {
    const worker = world.alive()[0];
    if (worker?.isReady === false) worker.becomeReady();
    worker?.end({ exitCode: 1 });
  }
  assert.equal(world.alive().length, 0);
  assert.ok(world.workers.length < 20);
  const job = world.submit();
  assert.equal(world.alive().length, 1);
  world.alive()[0]?.becomeReady();
  world.alive()[0]?.answer();
  assert.equal(job.outcomes[0]?.kind, "value");
  await world.end();
});

test("a worker on its last job has a successor already, yet no more jobs run than the pool is wide", async () => {
  const world = new World(1, 2);
  world.worker(1).becomeReady();
  const jobs = [world.submit(), world.submit(), world.submit()];
  assert.equal(world.workers.length, 1);
  world.worker(1).answer();
  assert.equal(world.workers.length, 2, "the second job is the first worker's last");
  world.worker(2).becomeReady();
  assert.equal(world.worker(2).task, undefined, "only one job runs at a time");
  world.worker(1).answer();
  assert.equal(world.worker(1).isAskedToStop, true);
  assert.equal(world.worker(2).task, 3);
  world.scheduler.close();
  world.settle();
  await world.scheduler.ended();
  assert.ok(jobs.every((job) => job.outcomes.length === 1));
});

test("a withdrawn job never starts, or its worker is stopped; the others go on", async () => {
  const world = new World(1);
  world.worker(1).becomeReady();
  const running = world.submit();
  const waiting = world.submit();
  const other = world.submit();
  world.scheduler.withdraw(waiting);
  assert.deepEqual(world.worker(1).signals, []);
  world.scheduler.withdraw(running);
  assert.deepEqual(world.worker(1).signals, ["SIGTERM"]);
  world.worker(1).answer();
  world.scheduler.close();
  world.settle();
  await world.scheduler.ended();
  assert.deepEqual(
    [running, waiting, other].map((job) => job.outcomes.length),
    [0, 0, 1],
  );
});

/** A world of quick workers that take jobs ahead: the first of them has had so many quick ones that it takes eight at a time. */
function quickWorld(size: number): World {
  const world = new World(size, Infinity, true);
  const [quick] = world.workers;
  quick?.becomeReady();
  for (let count = 0; count < 3; count += 1) {
    world.submit();
    quick?.answer();
  }
  return world;
}

test("a quick worker is sent jobs ahead, and answers them in their order", async () => {
  const world = quickWorld(1);
  for (let count = 0; count < 10; count += 1) world.submit();
  assert.deepEqual(world.worker(1).tasks, [4, 5, 6, 7, 8, 9, 10, 11]);
  world.settle();
  assert.ok(world.jobs.every((job) => job.outcomes[0]?.kind === "value"));
  await world.end();
});

test("what stands behind a job that takes long goes to whoever is idle, in order", async () => {
  const world = quickWorld(2);
  for (let count = 0; count < 10; count += 1) world.submit();
  world.worker(1).begin();
  world.scheduler.takeStalled();
  assert.deepEqual(world.worker(1).tasks, [4, 5, 6, 7, 8, 9, 10, 11], "it is not known yet how long the first takes");
  world.scheduler.takeStalled();
  assert.deepEqual(world.worker(1).tasks, [4]);
  world.worker(2).becomeReady();
  for (let task = 5; task <= 13; task += 1) {
    assert.equal(world.worker(2).task, task);
    world.worker(2).answer();
  }
  world.worker(1).answer();
  await world.end();
});

test("a worker without anything to do gets half of what another has not begun", async () => {
  const world = quickWorld(2);
  for (let count = 0; count < 8; count += 1) world.submit();
  world.worker(1).begin();
  world.worker(2).becomeReady();
  assert.deepEqual([world.worker(1).tasks, world.worker(2).task], [[4, 5, 6, 7, 9, 10, 11], 8]);
  await world.end();
});

test("a dead worker loses what it had begun, and nothing of what it was sent ahead", async () => {
  const world = quickWorld(1);
  for (let count = 0; count < 10; count += 1) world.submit();
  world.worker(1).begin();
  world.worker(1).end({ exitCode: -9, leftUnread: true });
  world.worker(2).becomeReady();
  world.settle();
  const kinds = world.jobs.slice(3).map((job) => job.outcomes[0]?.kind);
  assert.deepEqual(kinds, ["failed", ...Array.from({ length: 9 }, () => "value")]);
  await world.end();
});

test("a withdrawn job that was sent ahead does not begin, one that runs ends with its worker, one that has finished hurts nobody", async () => {
  const world = quickWorld(1);
  const [finished, running, ahead, other] = [world.submit(), world.submit(), world.submit(), world.submit()];
  world.worker(1).begin();
  world.worker(1).begin();
  world.scheduler.withdraw(ahead);
  assert.deepEqual(world.worker(1).tasks, [finished.id, running.id, other.id]);
  world.scheduler.withdraw(finished);
  assert.deepEqual(world.worker(1).signals, []);
  world.scheduler.withdraw(running);
  assert.deepEqual([world.worker(1).signals, world.worker(1).tasks], [["SIGTERM"], [finished.id, running.id]]);
  world.worker(2).becomeReady();
  assert.equal(world.worker(2).task, other.id);
  world.scheduler.close();
  world.settle();
  await world.scheduler.ended();
  assert.deepEqual(
    [finished, running, ahead, other].map((job) => job.outcomes.length),
    [0, 0, 0, 1],
  );
});

test("the last job of a worker is not sent ahead", async () => {
  const world = new World(1, 5, true);
  world.worker(1).becomeReady();
  for (let count = 0; count < 3; count += 1) {
    world.submit();
    world.worker(1).answer();
  }
  for (let count = 0; count < 4; count += 1) world.submit();
  assert.deepEqual(world.worker(1).tasks, [4]);
  world.worker(1).answer();
  assert.deepEqual(world.worker(1).tasks, [5]);
  world.settle();
  assert.ok(world.jobs.every((job) => job.outcomes.length === 1));
  await world.end();
});

test("a job that runs too long fails alone, counted from its start", async () => {
  const world = new World(1);
  const first = world.submit(5);
  const second = world.submit(60_000);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(first.outcomes, [], "it has not started: its worker is not ready");
  world.worker(1).becomeReady();
  while (first.outcomes.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal((first.error as { code: string; timeout: number }).code, "ERR_TIMEOUT");
  assert.equal((first.error as { timeout: number }).timeout, 5);
  world.settle();
  assert.equal(second.outcomes[0]?.kind, "value");
  await world.end();
});

test("a closed pool finishes its jobs, then stops; a stream that may hand out more keeps it", async () => {
  const world = new World(2);
  const stream = { fail: () => assert.fail("the stream is not to fail") };
  assert.equal(world.scheduler.enter(stream), true);
  world.submit();
  world.scheduler.close();
  world.settle();
  assert.equal(world.alive().length, 2);
  world.submit();
  world.settle();
  world.scheduler.leave(stream);
  assert.equal(world.scheduler.enter(stream), false);
  world.settle();
  await world.scheduler.ended();
  assert.deepEqual(
    world.jobs.map((job) => job.outcomes[0]?.kind),
    ["value", "value"],
  );
});

test("terminate() settles 100,000 waiting jobs, the running ones and the streams", async () => {
  const world = new World(2);
  const failed: unknown[] = [];
  world.scheduler.enter({ fail: (error) => failed.push(error) });
  for (let count = 0; count < 100_000; count += 1) world.submit();
  for (const worker of world.alive()) worker.becomeReady();
  world.scheduler.terminate();
  world.scheduler.terminate();
  assert.equal(failed.length, 1);
  assert.ok(world.jobs.every((job) => job.outcomes.length === 1 && (job.error as { code: string }).code === "ERR_CANCELLED"));
  assert.ok(world.workers.every((worker) => worker.signals.length > 0));
  await world.end();
});

test("whatever happens in whatever order, each job settles exactly once and every worker ends", async () => {
  const event = fc.record({
    kind: fc.constantFrom(
      "submit",
      "submit",
      "ready",
      "ready",
      "answer",
      "answer",
      "answer",
      "kill",
      "fail start",
      "withdraw",
      "begin",
      "begin",
      "recall",
      "stall",
      "close",
      "terminate",
    ),
    pick: fc.nat(1000),
    leftUnread: fc.boolean(),
  });
  const run = fc.record({
    size: fc.integer({ min: 1, max: 4 }),
    maxTasks: fc.constantFrom(1, 2, 7, Infinity, Infinity),
    takesAhead: fc.boolean(),
    events: fc.array(event, { maxLength: 160 }),
  });
  await fc.assert(
    fc.asyncProperty(run, async ({ size, maxTasks, takesAhead, events }) => {
      const world = new World(size, maxTasks, takesAhead);
      for (const { kind, pick, leftUnread } of events) step(world, kind, pick, leftUnread);
      world.scheduler.close();
      const ended = world.scheduler.ended();
      world.settle();
      await ended;
      for (const job of world.jobs) assert.equal(job.outcomes.length, job.isWithdrawn ? 0 : 1);
      assert.equal(world.alive().length, 0);
      assert.equal(world.scheduler.pending, 0);
    }),
    { numRuns: 500 },
  );
});

function step(world: World, kind: string, pick: number, leftUnread: boolean): void {
  const oneOf = <T>(things: readonly T[]): T | undefined => things[pick % Math.max(things.length, 1)];
  const alive = world.alive();
  const unharmed = alive.filter((worker) => worker.isReady && worker.signals.length === 0 && !worker.isAskedToStop);
  const busy = unharmed.filter((worker) => worker.task !== undefined);
  assert.ok(busy.length <= world.scheduler.size);
  if (busy.length < Math.min(unharmed.length, world.scheduler.size)) {
    assert.ok(
      busy.every((worker) => worker.tasks.length === 1 || worker.begun > 1),
      "nobody has nothing to do while others have jobs to spare",
    );
  }
  switch (kind) {
    case "submit":
      if (world.scheduler.state === "running") world.submit();
      break;
    case "ready":
      oneOf(alive.filter((worker) => !worker.isReady))?.becomeReady();
      break;
    case "answer":
      oneOf(alive.filter((worker) => worker.task !== undefined))?.answer();
      break;
    case "kill":
      oneOf(alive)?.end({ exitCode: -9, leftUnread });
      break;
    case "fail start":
      oneOf(alive.filter((worker) => !worker.isReady))?.end({ exitCode: 1, startError: new Error("no") });
      break;
    case "begin":
      oneOf(alive.filter((worker) => worker.isReady))?.begin();
      break;
    case "stall":
      world.scheduler.takeStalled();
      break;
    case "recall": {
      const job = oneOf(world.jobs.filter((candidate) => candidate.outcomes.length === 0 && !candidate.isWithdrawn));
      if (job !== undefined) job.isWithdrawn = world.scheduler.recall(job);
      break;
    }
    case "withdraw": {
      const job = oneOf(world.jobs.filter((candidate) => candidate.outcomes.length === 0 && !candidate.isWithdrawn));
      if (job === undefined) break;
      job.isWithdrawn = true;
      world.scheduler.withdraw(job);
      break;
    }
    // Rare, for they end the story.
    case "close":
      if (pick % 10 === 0) world.scheduler.close();
      break;
    case "terminate":
      if (pick % 10 === 0) world.scheduler.terminate();
  }
}
