/** What the processes of the fault tests do: `actor.js ACTION ARGUMENT`. */
import { writeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { Block, type Location } from "#lib/memory/block.js";
import { membership } from "#lib/memory/membership.js";
import { reap } from "#lib/memory/reap.js";
import { fromHandle, Lock } from "#lib/sync/lock.js";
import { Random } from "./random-kills.js";

interface Shared {
  readonly lock: unknown;
  readonly counter: Location;
  readonly rounds: number;
}

const [, , action, argument = "null"] = process.argv;
const actions: Readonly<Record<string, (given: Shared) => void | Promise<void>>> = {
  /** Counts under the lock, blocking. */
  count({ lock, counter, rounds }) {
    const mutex = fromHandle(lock);
    const { words, at } = Block.attach(counter);
    for (let round = 0; round < rounds; round++) {
      using held = mutex.acquireSync();
      words.int32[at] = (words.int32[at] ?? 0) + Number(held.isHeld);
    }
  },
  /** Counts under the lock until word 1 is set, then adds how often it did to word 2. */
  countUntilTold({ lock, counter }) {
    const mutex = fromHandle(lock);
    const { words, at } = Block.attach(counter);
    let own = 0;
    while (Atomics.load(words.int32, at + 1) === 0) {
      using held = mutex.acquireSync();
      words.int32[at] = (words.int32[at] ?? 0) + Number(held.isHeld);
      own++;
    }
    Atomics.add(words.int32, at + 2, own);
  },
  /** Counts under the lock, without blocking. */
  async countAsync({ lock, counter, rounds }) {
    const mutex = fromHandle(lock);
    const { words, at } = Block.attach(counter);
    for (let round = 0; round < rounds; round++) {
      using held = await mutex.acquire();
      words.int32[at] = (words.int32[at] ?? 0) + Number(held.isHeld);
    }
  },
  /** Holds the lock until it is killed. */
  async hold({ lock }) {
    const held = await fromHandle(lock).acquire();
    writeSync(1, "held\n");
    setInterval(() => held.isHeld, 1000);
  },
  /** Takes every place that is left, the lock, and some memory, until it is killed. */
  crowd({ lock, counter }) {
    fromHandle(lock).acquireSync();
    const blocks = Array.from({ length: 100 }, (_, index) => Block.allocate(index === 0 ? 100_000 : 64));
    while (membership().registry.claim() !== undefined);
    writeSync(1, "full\n");
    setInterval(() => [blocks, counter], 1000);
  },
  /** Counts once, if it finds a place, and says whether it did; then stays. */
  comeIn({ counter }) {
    setInterval(() => {}, 1000);
    try {
      const { words, at } = Block.attach(counter);
      Atomics.add(words.int32, at, 1);
      if (isMainThread) writeSync(1, "came in\n");
    } catch (error) {
      writeSync(1, `${String(error)}\n`);
    }
  },
  /** Holds the lock nearly all the time, counting in the word of its number, until word 8 is set. Word 9 is 1 while somebody holds it. */
  hog({ lock, counter, rounds: number }) {
    const mutex = fromHandle(lock);
    const { words, at } = Block.attach(counter);
    while (Atomics.load(words.int32, at + 8) === 0) {
      const held = mutex.acquireSync();
      holdAlone(words.int32, at, number);
      held.release();
    }
  },
  /** Takes the lock for a moment, again and again, counting in the word of its number, until word 8 is set. */
  takeTurns({ lock, counter, rounds: number }) {
    const mutex = fromHandle(lock);
    const { words, at } = Block.attach(counter);
    while (Atomics.load(words.int32, at + 8) === 0) {
      const held = mutex.acquireSync();
      Atomics.add(words.int32, at + number, 1);
      held.release();
    }
  },
  /** What `hog` does, without blocking. */
  async hogAsync({ lock, counter, rounds: number }) {
    const mutex = fromHandle(lock);
    const { words, at } = Block.attach(counter);
    while (Atomics.load(words.int32, at + 8) === 0) {
      const held = await mutex.acquire();
      holdAlone(words.int32, at, number);
      held.release();
    }
  },
  /** Takes the lock once. */
  takeOnce({ lock }) {
    fromHandle(lock).acquireSync().release();
  },
  /** Looks after the dead until it is killed itself. */
  async lookAfterTheDead({ lock }) {
    for (;;) {
      fromHandle(lock).acquireSync().release();
      reap();
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
  /**
   * Uses everything, again and again, until it has done so `rounds` times or is killed. At random: two that did the same in
   * the same order would fall into step, and never meet where one of them is to be killed.
   */
  async churn({ lock, counter, rounds }) {
    const mutex = fromHandle(lock);
    const { words, at } = Block.attach(counter);
    const random = new Random(process.pid);
    for (let round = 0; round < rounds; round++) {
      {
        using held = random.below(2) === 0 ? mutex.acquireSync() : await mutex.acquire();
        words.int32[at] = (words.int32[at] ?? 0) + Number(held.isHeld);
        if (random.below(50) === 0) spend(8);
      }
      exchangeBlocks(random);
      if (random.below(20) === 0) reap();
    }
  },
};

const run = actions[action ?? ""];
if (run === undefined) throw new Error(`unknown action ${action}`);
await run(JSON.parse(argument));

function exchangeBlocks(random: Random): void {
  const big = random.below(4) === 0 ? Block.allocate(100_000) : undefined;
  const count = random.below(10) === 0 ? 1200 : 1;
  // So many of the largest fit in no arena: else one would soon be large enough for all, and none would be made or retired again.
  const sizeBytes = random.pick([64, 164, 264, 4096]);
  const blocks = Array.from({ length: count }, () => Block.allocate(sizeBytes));
  for (const block of blocks.slice(0, 3)) Block.attach(block.send()).release();
  for (const block of blocks) block.release();
  big?.release();
  new Lock().acquireSync().release();
}

/** Counts for `number`, and in word 10 if another holds the lock, too. */
function holdAlone(int32: Int32Array, at: number, number: number): void {
  if (Atomics.exchange(int32, at + 9, 1) !== 0) Atomics.add(int32, at + 10, 1);
  Atomics.add(int32, at + number, 1);
  spend(1);
  Atomics.store(int32, at + 9, 0);
}

/** Keeps the processor busy for some milliseconds, so that others starve for the lock. */
function spend(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
