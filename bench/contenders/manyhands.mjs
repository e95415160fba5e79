import { Barrier, Event, Lock, Pipe, Pool, Process, Queue, Semaphore, SharedArray, SharedValue } from "../../dist/index.js";
import { workers } from "../cases.mjs";
import {
  asleep,
  bandwidth,
  bigArray as makeBigArray,
  bigLength,
  calls,
  median,
  medianMicroseconds,
  messageCount,
  numbers,
  objectCount,
  passes,
  rate,
  rateAlone,
  report,
} from "../measure.mjs";
import { scaleInPlace } from "../work/tasks.mjs";

const square = (x) => x * x;
const drainPipe = async (connection) => {
  for await (const value of connection) if (value === null) await connection.send("done");
};
const echoPipe = async (connection) => {
  for await (const value of connection) await connection.send(value);
};
const echo = (value) => value;
const scale = (array) => {
  const out = new Float64Array(array.length);
  for (let index = 0; index < array.length; index++) out[index] = array[index] * 2;
  return out;
};

export const map = () => {
  const pool = new Pool(workers);
  return rateAlone(calls, () => pool.map(square, numbers));
};
export const inFlight = () => {
  const pool = new Pool(workers);
  return rateAlone(calls, () => Promise.all(numbers.map((x) => pool.apply(square, [x]))));
};
export const roundTrip = () => {
  const pool = new Pool(1);
  return medianMicroseconds(5_000, () => pool.apply(square, [3]));
};
export const roundTripPinned = roundTrip;
export const bigArray = () => {
  const pool = new Pool(1);
  return bandwidth(() => pool.apply(scale, [makeBigArray()]));
};
export const objects = () => {
  const pool = new Pool(workers);
  const reports = Array.from({ length: objectCount }, (_, id) => report(id));
  return rateAlone(objectCount, () => Promise.all(reports.map((value) => pool.apply(echo, [value]))));
};
export const pipeOneWay = async () => {
  const [here, there] = Pipe();
  const child = new Process(drainPipe, [there]).start();
  const figure = await rate(messageCount, async () => {
    for (let count = 0; count < messageCount; count++) await here.send(7);
    await here.send(null);
    await here.recv();
  });
  here.close();
  await child.join();
  return figure;
};
export const pipeRoundTrip = async () => {
  const trips = 20_000;
  const [here, there] = Pipe();
  const child = new Process(echoPipe, [there]).start();
  const figure = await rate(trips, async () => {
    for (let count = 0; count < trips; count++) {
      await here.send(7);
      await here.recv();
    }
  });
  here.close();
  await child.join();
  return figure;
};
const lockPairs = 1_000_000;
const lockAndUnlock = (lock, count) => {
  for (let pair = 0; pair < count; pair++) lock.acquireSync().release();
};
const start = (target, args) => new Process(target, args).start();

export const lock = () => {
  const mutex = new Lock();
  return rate(lockPairs, () => lockAndUnlock(mutex, lockPairs));
};
export const lockContended = async () => {
  const [mutex, both] = [new Lock(), new Barrier(2)];
  const contend = () => {
    both.waitSync();
    lockAndUnlock(mutex, lockPairs);
    both.waitSync();
  };
  const other = start(() => {
    for (let pass = 0; pass < passes; pass++) contend();
  });
  const figure = await rate(2 * lockPairs, contend);
  await other.join();
  return figure;
};
export const lockAsync = async () => {
  const mutex = new Lock();
  const count = 200_000;
  const perSecond = await rate(count, async () => {
    for (let pair = 0; pair < count; pair++) (await mutex.acquire()).release();
  });
  return 1e6 / perSecond;
};
export const increment = () => {
  const value = new SharedValue("int32");
  const count = 3_000_000;
  return rate(count, () => {
    for (let index = 0; index < count; index++) value.add(1);
    value.value = 0;
  });
};

/** From the release to the first line that the woken waiter runs, in microseconds; the clock is the same in both processes. */
const wake = async (waiter, pause) => {
  const rounds = 300;
  const [go, woken] = [new Semaphore(0), new Semaphore(0)];
  const wokenAt = new SharedValue("int64");
  const other = start(waiter, [go, woken, wokenAt, rounds]);
  const times = [];
  for (let round = 0; round < rounds; round++) {
    if (round === 0) await new Promise((resolve) => setTimeout(resolve, 500));
    await pause();
    const releasedAt = process.hrtime.bigint();
    go.release();
    await woken.acquire();
    times.push(Number(wokenAt.value - releasedAt) / 1000);
  }
  await other.join();
  return median(times);
};
const blocks = (go, woken, wokenAt, rounds) => {
  for (let round = 0; round < rounds; round++) {
    go.acquireSync();
    wokenAt.value = process.hrtime.bigint();
    woken.release();
  }
};
const awaits = async (go, woken, wokenAt, rounds) => {
  for (let round = 0; round < rounds; round++) {
    await go.acquire();
    wokenAt.value = process.hrtime.bigint();
    woken.release();
  }
};
export const wakeSync = () => wake(blocks, asleep.lately);
export const wakeAsync = () => wake(awaits, asleep.lately);
export const wakeSyncIdle = () => wake(blocks, asleep.long);
export const wakeAsyncIdle = () => wake(awaits, asleep.long);
export const eventFanOut = async () => {
  const [processes, waiters, rounds] = [8, 100, 20];
  const events = Array.from({ length: rounds }, () => new Event());
  const [waiting, woken, done] = [new SharedValue("int32"), new SharedValue("int32"), new Semaphore(0)];
  const others = Array.from({ length: processes }, (_, index) =>
    start(async () => {
      const mine = Math.floor((waiters * (index + 1)) / processes) - Math.floor((waiters * index) / processes);
      for (const event of events) {
        const waits = Array.from({ length: mine }, async () => {
          const wait = event.wait();
          waiting.add(1);
          await wait;
          if (woken.add(1) % waiters === waiters - 1) done.release();
        });
        await Promise.all(waits);
      }
    }),
  );
  const times = [];
  for (const [round, event] of events.entries()) {
    while (waiting.value < (round + 1) * waiters) await new Promise((resolve) => setTimeout(resolve, 5));
    const setAt = performance.now();
    event.set();
    await done.acquire();
    times.push((performance.now() - setAt) * 1000);
  }
  for (const other of others) await other.join();
  return median(times);
};
export const barrier = async () => {
  const count = 5_000;
  const parties = new Barrier(4);
  const rounds = (many) => {
    for (let round = 0; round < many; round++) parties.waitSync();
  };
  const others = Array.from({ length: 3 }, () => start(() => rounds(passes * count)));
  const figure = await rate(count, () => rounds(count));
  for (const other of others) await other.join();
  return figure;
};

const makeSharedArray = () => new SharedArray("float64", bigLength).fill(1.5);
export const arraySum = () => {
  const array = makeSharedArray().view;
  return bandwidth(() => {
    let sum = 0;
    for (let index = 0; index < array.length; index++) sum += array[index];
    return sum;
  });
};
export const arrayScale = () => {
  const array = makeSharedArray().view;
  return bandwidth(() => scaleInPlace(array));
};
export const sharedArray = () => {
  const pool = new Pool(1);
  const array = makeSharedArray();
  return bandwidth(() => pool.apply((shared) => scaleInPlace(shared.view), [array]));
};

/** Consumes a queue until `null`, as often as it is measured. */
const drain = async (queue, done, rounds) => {
  for (let round = 0; round < rounds; round++) {
    while (queue.getSync() !== null);
    await done.put(true);
  }
};
const queueOf = async (item) => {
  const [queue, done] = [new Queue(), new Queue()];
  const consumer = new Process(drain, [queue, done, passes]).start();
  const figure = await rate(messageCount, async () => {
    for (let index = 0; index < messageCount; index++) queue.putSync(item);
    queue.putSync(null);
    await done.get();
  });
  await consumer.join();
  return figure;
};
export const queueInts = () => queueOf(7);
export const queueBuffers = () => queueOf(Buffer.alloc(1024));
