/** Shared yardsticks, so that every contender is timed by the same code. */
export const calls = 100_000;
export const bigLength = (64 << 20) / 8;
export const objectCount = 2_000;
export const messageCount = 200_000;

/** How often what is measured runs: the last time counts, the others are for the compiler to see what it has to compile. */
export const passes = 3;
/** Milliseconds after which the compiler has seen what there is to see. */
const enough = 1000;

/** Operations per second of `operation`, which performs `count` of them. Others may count on its running `passes` times. */
export async function rate(count, operation) {
  for (let pass = 1; pass < passes; pass++) await operation();
  return timed(count, operation);
}

/** The same; what takes long runs less often. */
export async function rateAlone(count, operation) {
  const start = performance.now();
  for (let pass = 1; pass < passes && performance.now() - start < enough; pass++) await operation();
  return timed(count, operation);
}

async function timed(count, operation) {
  const start = performance.now();
  await operation();
  return (count / (performance.now() - start)) * 1000;
}

/** The median of `count` timed calls, in microseconds, after as many again to warm up. */
export async function medianMicroseconds(count, call) {
  const times = [];
  for (let round = 0; round < count * 2; round++) {
    const start = performance.now();
    await call();
    if (round >= count) times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

/** How long a waiter has slept when it is woken: longer than anybody spins before it sleeps. */
export const asleep = {
  /** 0.3 ms, in which the waker was busy: a processor that has nothing to do is not deep in its sleep yet. */
  lately: async () => {
    for (const end = performance.now() + 0.3; performance.now() < end;);
  },
  /** 3 ms, in which both had nothing to do. */
  long: () => new Promise((resolve) => setTimeout(resolve, 3)),
};

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** MB/s moved (in and out count once, as one array's size) by `operation` on 64 MiB. */
export async function bandwidth(operation) {
  const rounds = 4;
  await operation();
  const start = performance.now();
  for (let round = 0; round < rounds; round++) await operation();
  return (rounds * 64 * 1.048576) / ((performance.now() - start) / 1000);
}

export function bigArray() {
  return new Float64Array(bigLength).fill(1.5);
}

/** A report of about 9 KB as JSON. */
export function report(id) {
  return {
    id,
    rows: Array.from({ length: 100 }, (_, row) => ({
      id: row,
      name: `row ${row} of ${id}`,
      score: row * 1.5,
      tags: ["a", "b", "c"],
      live: row % 2 === 0,
    })),
  };
}

export const numbers = Array.from({ length: calls }, (_, index) => index);
