/**
 * Kills processes at every instruction that is marked in the rings, while others go on with the same ends. `ROUNDS` and `SEED`
 * in the environment say how often, and which ones after the first pass over all points.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { EndOfFileError } from "#lib/errors.js";
import { handleOf } from "#lib/memory/handle.js";
import { membership } from "#lib/memory/membership.js";
import { reap } from "#lib/memory/reap.js";
import { Pipe } from "#lib/pipe/pipe.js";
import type { Connection } from "#lib/pipe/connection.js";
import { end, said, start } from "../memory/children.js";
import { findPoints, Random, roundsOr, seed } from "../memory/random-kills.js";
import { sizeOf, sizeOfFill } from "./sizes.js";

const rounds = roundsOr(15);
/** Pipes have no stream to switch from. */
const ringPoints = findPoints(["channel/", "memory/parcel.ts"]).filter((point) => !point.startsWith("switching."));
const points = [...ringPoints, "extents.drafting", "extents.opened"];
const patience = { timeout: 60_000 };

test("the rings have points to be killed at", () => {
  assert.ok(points.length > 13, points.join());
});

for (const point of points) {
  // The victim ends by itself after some messages, so that it can be killed while it lets go.
  const isAtEnd = point === "ring.released";
  // A parcel is made once, and used for all messages.
  const isOnce = isAtEnd || point === "parcel.created";

  test(`an end of two holders goes on after one of them was killed at ${point}`, () =>
    shareAnEnd({ killPoint: point, skip: isOnce ? 0 : 6, count: isAtEnd ? 20 : 1e9 }));

  test(`the other end comes to its end after the only holder was killed at ${point}`, () =>
    leaveAnEnd({ killPoint: point, skip: isOnce ? 0 : isReading(point) ? 3 : 9, count: isAtEnd ? 50 : 1e9 }));
}

test(`both ends go on, or come to their end, after ${rounds} random kills (SEED=${seed})`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  for (let round = 0; round < rounds; round++) {
    const death = { killPoint: random.pick(points), skip: random.below(40), count: 1 + random.below(60), mayEnd: true };
    await (random.next() < 0.5 ? shareAnEnd(death) : leaveAnEnd(death));
  }
});

/** A process that holds an end, after how many messages it closes that, and where it is to be killed; `mayEnd`: unless it ends before. */
interface Death {
  readonly killPoint: string;
  readonly skip: number;
  readonly count: number;
  readonly mayEnd?: boolean;
}

/** Exchanges messages with a process that dies, while this one holds its end, too; then with another. */
async function shareAnEnd({ mayEnd = false, ...death }: Death): Promise<void> {
  const [here, there] = Pipe<Uint8Array>();
  const victim = actor("echo", there, death);
  await said(victim);
  const exchanged = new Exchange(here);
  const hasEnded = (): boolean => victim.exitCode !== null || victim.signalCode !== null;
  while (!hasEnded()) await exchanged.sendOne(hasEnded);
  assertDied(await end(victim), mayEnd);
  const survivor = actor("echo", there, { count: 1e9 });
  // A handle that is made by hand keeps nothing: the end has to be there until the survivor has it.
  await said(survivor);
  there.close();
  const lost = await exchanged.finish(60);
  assert.ok(lost <= 1, `${lost} messages were lost at ${death.killPoint}`);
  here.close();
  assert.equal(await end(survivor), 0);
  assertNoFiles();
}

/** Exchanges messages with a process that dies, which alone holds its end. */
async function leaveAnEnd({ mayEnd = false, ...death }: Death): Promise<void> {
  const [here, there] = Pipe<Uint8Array>();
  const isReader = isReading(death.killPoint);
  const victim = actor(isReader ? "echo" : "fill", there, death);
  await said(victim);
  there.close();
  const sending = isReader ? keepSending(here) : Promise.resolve();
  let number = 0;
  for await (const message of here) {
    if (!isReader) assert.ok(message.every((byte) => byte === number % 256) && message.length === sizeOfFill(number), `message ${number}`);
    number++;
  }
  await assert.rejects(here.recv(patience), EndOfFileError);
  await sending;
  assertDied(await end(victim), mayEnd);
  here.close();
  assertNoFiles();
}

/** Whether it is passed by those who read. */
function isReading(point: string): boolean {
  return /read|claimed|copied|opened|sleeping/.test(point);
}

function assertDied(ending: number | string, mayEnd: boolean): void {
  if (!mayEnd || ending !== 0) assert.equal(ending, "SIGKILL");
}

/** Numbered messages, and which of them have come back. */
class Exchange {
  readonly #here: Connection<Uint8Array>;
  readonly #back: number[] = [];
  #sent = 0;

  constructor(here: Connection<Uint8Array>) {
    this.#here = here;
  }

  /** Sends a message, and waits until it comes back, or `hasEnded`. */
  async sendOne(hasEnded: () => boolean): Promise<void> {
    const number = await this.#send();
    while (!this.#back.includes(number) && !hasEnded()) if (await this.#here.poll({ timeout: 50 })) await this.#receive();
  }

  /** Sends some and waits until the last of them comes back; says how many of all were lost. */
  async finish(count: number): Promise<number> {
    for (let message = 0; message < count; message++) await this.#send();
    while (this.#back.at(-1) !== this.#sent - 1) await this.#receive();
    assert.equal(new Set(this.#back).size, this.#back.length, "a message came twice");
    return this.#sent - this.#back.length;
  }

  async #send(): Promise<number> {
    const number = this.#sent++;
    await this.#here.send(new Uint8Array(sizeOf(number)).fill(number), patience);
    return number;
  }

  async #receive(): Promise<void> {
    const back = await this.#here.recv(patience);
    const number = (this.#back.at(-1) ?? -1) + 1;
    // One may have been lost.
    const isNext = [number, number + 1].find(
      (candidate) => back.length === sizeOf(candidate) && back.every((byte) => byte === candidate % 256),
    );
    assert.ok(isNext !== undefined, `after ${number - 1} came ${back.length} bytes of ${back[0]}`);
    this.#back.push(isNext);
  }
}

async function keepSending(here: Connection<Uint8Array>): Promise<void> {
  try {
    for (let number = 0; ; number++) await here.send(new Uint8Array(sizeOf(number)).fill(number), patience);
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error && error.code === "ERR_CLOSED", String(error));
  }
}

function actor(
  action: string,
  connection: Connection<Uint8Array>,
  { count, ...options }: Pick<Death, "count"> & Partial<Death>,
): ChildProcess {
  const given = { connection: connection[handleOf]().data, count };
  return start(action, given, { ...options, program: new URL("./actor.js", import.meta.url) });
}

/** The segment of a pipe and all its extents go when nobody has either end; parcels, when their owner is gone. */
function assertNoFiles(): void {
  reap();
  const { session, self } = membership();
  const files = readdirSync(session.folder).filter((name) => /^(segment|parcel)-/.test(name) && !name.startsWith(`parcel-${self.id}-`));
  assert.deepEqual(files, []);
}
