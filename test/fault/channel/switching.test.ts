/**
 * Kills either side of a channel at every instruction that is marked on its way from the stream to the rings, and back, while
 * frames and tasks go on.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Pool, Queue, WorkerDiedError } from "manyhands";
import { SwitchingChannel } from "#lib/channel/switching.js";
import { allocator } from "#lib/memory/allocator.js";
import { membership } from "#lib/memory/membership.js";
import { reap } from "#lib/memory/reap.js";
import { session, sessionEnvironment } from "#lib/memory/session.js";
import { isRunning } from "../../processes/is-running.js";
import { until } from "../../processes/until.js";
import { end, said } from "../memory/children.js";
import { findPoints } from "../memory/random-kills.js";
import { flood, floodFrame, makeFrame, numberOf, paySoon } from "./frames.js";

const pointsOf = {
  host: ["switching.preparing", "switching.prepared", "switching.offered", "switching.ring", "switching.back"],
  worker: ["switching.preparing", "switching.prepared", "switching.accepted", "switching.back"],
} as const;
const loader = new URL("../memory/kill-point-loader.js", import.meta.url).href;
const traffics = ["small", "large arguments", "large results"] as const;
const callsAtOnce = 100;
const limit = { timeout: 120_000 };

const folder = mkdtempSync(join(tmpdir(), "switching-"));
after(() => rmSync(folder, { recursive: true, force: true }));
// So that this process shares memory from the beginning: what is left is then what is more than now.
const kept = new Queue();
paySoon();

test("all points of the way are among these", () => {
  assert.deepEqual(findPoints(["channel/switching.ts"]), [...new Set(Object.values(pointsOf).flat())].sort());
});

for (const side of ["host", "worker"] as const) {
  for (const point of pointsOf[side]) {
    for (const how of ["small", "large"]) {
      test(`a ${side} killed at ${point}, frames ${how}: the other side gets whole frames, in order, then the end`, limit, () =>
        killPeer(side, { point, how }),
      );
    }
  }
}

for (const point of pointsOf.worker) {
  // Tasks are not in the way when a worker closes.
  if (point === "switching.back") continue;
  for (const traffic of traffics) {
    test(`a pool's worker killed at ${point}, ${traffic}: it loses the task that ran, and nothing else`, limit, () =>
      killWorker(point, traffic),
    );
  }
}

for (const point of pointsOf.host) {
  if (point === "switching.back") continue;
  for (const traffic of traffics) {
    test(`a program killed at ${point}, ${traffic}: its workers end, and nothing is left`, limit, () => killProgram(point, traffic));
  }
}

/** The peer is killed; this process is the other side. */
async function killPeer(side: "host" | "worker", { point, how }: { readonly point: string; readonly how: string }): Promise<void> {
  const before = memoryInUse();
  const peer = spawn(process.execPath, ["--import", loader, new URL("./peer.js", import.meta.url).pathname, side, how], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
    env: { ...process.env, ...sessionEnvironment(), KILL_POINT: point },
  });
  const socket = peer.stdio[3];
  assert.ok(socket instanceof Socket && peer.pid !== undefined);
  const { pid } = peer;
  const channel = new SwitchingChannel(socket, side === "host" ? "worker" : "host");
  const numbers: number[] = [];
  let sent = 0;
  const send = (): void => {
    if (channel.isOpen) channel.send(makeFrame(sent++, how === "large"));
  };
  let framesBeforeFlood = Infinity;
  let closings = 0;
  channel.listen({
    onFrame(frame) {
      numbers.push(numberOf(frame));
      if (numbers.length === framesBeforeFlood) {
        channel.send(floodFrame());
        blockUntilDead(pid);
      } else send();
    },
    onShared() {
      // What the peer then writes, and nobody reads, makes it go back to the stream.
      if (point === "switching.back") framesBeforeFlood = numbers.length + 50;
    },
    onClosed: () => (closings += 1),
  });
  for (let first = 0; first < 4; first++) send();
  assert.equal(await end(peer), "SIGKILL");
  await channel.closed;
  assert.equal(closings, 1);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index),
    "each frame once, in order",
  );
  if (point === "switching.back") {
    assert.ok(numbers.length > framesBeforeFlood, "some of the last frames were in the ring");
    assert.ok(numbers.length < framesBeforeFlood + flood, "and some were not");
  }
  assert.throws(() => channel.send(makeFrame(0, false)), { code: "ERR_CLOSED" });
  reap(pid);
  allocator().sweep();
  assert.deepEqual(memoryInUse(), before);
}

async function killWorker(point: string, traffic: (typeof traffics)[number]): Promise<void> {
  const before = memoryInUse();
  const killed = join(folder, `${point}, ${traffic}`);
  const pool = new Pool(2, {
    execArgv: ["--import", new URL("./arm-worker.js", import.meta.url).href],
    env: { ...process.env, KILL_POINT: point, KILL_ONCE: killed },
  });
  const work = (number: number, argument: Uint8Array | undefined, sizeBytes: number) => ({
    number,
    result: new Uint8Array(sizeBytes),
    argument,
  });
  const sizeOf = (which: string, number: number): number => (which === traffic && number % 50 === 49 ? 2 << 20 : 0);
  const call = (number: number) => {
    const argument = new Uint8Array(sizeOf("large arguments", number)).fill(number);
    return pool.apply(work, [number, argument, sizeOf("large results", number)]);
  };
  const settled: PromiseSettledResult<Awaited<ReturnType<typeof call>>>[] = [];
  // Until the channels are on that way, and for a while after the kill.
  for (let isLast = false; !isLast;) {
    isLast = existsSync(killed);
    settled.push(...(await Promise.allSettled(Array.from({ length: callsAtOnce }, (_, index) => call(settled.length + index)))));
  }
  let lost = 0;
  for (const [number, outcome] of settled.entries()) {
    if (outcome.status === "rejected") {
      assert.ok(outcome.reason instanceof WorkerDiedError && outcome.reason.signal === "SIGKILL", String(outcome.reason));
      lost += 1;
      continue;
    }
    assert.equal(outcome.value.number, number);
    assert.equal(outcome.value.result.length, sizeOf("large results", number));
    assert.equal(outcome.value.argument?.length, sizeOf("large arguments", number));
    assert.ok(outcome.value.argument?.every((byte) => byte === (number & 255)));
  }
  assert.ok(lost <= 1, `${lost} calls lost`);
  assert.deepEqual(await pool.map((x: number) => x + 1, [1, 2, 3]), [2, 3, 4]);
  pool.close();
  assert.equal(await pool.join({ timeout: 60_000 }), true);
  await until(() => {
    reap();
    allocator().sweep();
    return memoryInUse().length <= before.length;
  }, "the memory of the workers is given back");
}

async function killProgram(point: string, traffic: string): Promise<void> {
  const { MANYHANDS_SESSION: _ours, ...env } = process.env;
  const program = spawn(process.execPath, ["--import", loader, new URL("./program.js", import.meta.url).pathname, traffic], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...env, KILL_POINT: point },
  });
  const { folder: theirs, pids } = JSON.parse(await said(program)) as { readonly folder: string; readonly pids: readonly number[] };
  assert.equal(await end(program), "SIGKILL");
  await until(() => !pids.some(isRunning), "its workers have ended");
  // The next program that shares memory removes what it could not.
  const founder = new URL("../memory/founder.js", import.meta.url).pathname;
  assert.equal(spawnSync(process.execPath, [founder], { env }).status, 0);
  assert.equal(existsSync(theirs), false, `${theirs} is left`);
}

/** What files of shared memory there are, and who takes part. */
function memoryInUse(): readonly string[] {
  assert.equal(kept.size, 0);
  const files = readdirSync(session().folder).filter((name) => /^segment-/.test(name));
  const participants = membership().registry.participants();
  return [...files, ...participants.map(({ id }) => `participant ${id}`)].sort();
}

/** Nothing is read meanwhile. */
function blockUntilDead(pid: number): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const deadline = Date.now() + 60_000;
  while (!/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))) {
    assert.ok(Date.now() < deadline, "the peer kills itself");
    Atomics.wait(pause, 0, 0, 5);
  }
}
