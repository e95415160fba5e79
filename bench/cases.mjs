/**
 * What is measured, in which unit, and what we mean to reach. A contender implements a case by exporting a function of
 * the same name that returns the figure; one that has no such function does not take part.
 *
 * `goals` are ratios ours / theirs when more is better, theirs / ours when less is better; the best of the named
 * contenders counts.
 */
export const workers = 2;

export const cases = [
  {
    name: "map",
    what: "pool.map of 100,000 x => x * x",
    unit: "tasks/s",
    goals: [
      { against: ["python"], ratio: 2 },
      { against: ["piscina", "tinypool", "workerpool", "poolifier"], ratio: 50 },
    ],
  },
  {
    name: "inFlight",
    what: "100,000 single calls in flight",
    unit: "calls/s",
    goals: [
      { against: ["raw-threads"], ratio: 1 },
      { against: ["piscina", "tinypool", "workerpool", "poolifier"], ratio: 3 },
    ],
  },
  {
    name: "roundTrip",
    what: "one call's round trip, p50",
    unit: "us",
    goals: [{ against: ["raw-fork", "workerpool-process", "python"], ratio: 1 }],
  },
  {
    name: "roundTripPinned",
    what: "one call's round trip on one core, p50",
    unit: "us",
    pinned: true,
    goals: [
      { against: ["raw-fork"], ratio: 1 },
      { against: ["workerpool-process"], ratio: 1.6 },
    ],
  },
  {
    name: "bigArray",
    what: "64 MiB Float64Array in, scaled copy out",
    unit: "MB/s",
    goals: [
      { against: ["raw-threads"], ratio: 1 },
      { against: ["raw-fork", "python"], ratio: 5 },
    ],
  },
  {
    name: "sharedArray",
    what: "64 MiB array scaled in place by a worker",
    unit: "MB/s",
    goals: [{ against: ["raw-threads"], ratio: 0.95 }],
  },
  {
    name: "objects",
    what: "2,000 objects of 9 KB in and out",
    unit: "objects/s",
    goals: [{ against: ["piscina", "raw-threads", "raw-fork", "python"], ratio: 1.5 }],
  },
  {
    name: "queueInts",
    what: "queue of small integers between two processes",
    unit: "items/s",
    goals: [
      { against: ["python"], ratio: 7 },
      { against: ["raw-fork"], ratio: 4 },
    ],
  },
  {
    name: "queueBuffers",
    what: "queue of 1 KB buffers between two processes",
    unit: "items/s",
    goals: [{ against: ["python"], ratio: 5 }],
  },
  { name: "pipeOneWay", what: "pipe, small messages one way", unit: "messages/s", goals: [{ against: ["python"], ratio: 4 }] },
  { name: "pipeRoundTrip", what: "pipe, there and back", unit: "trips/s", goals: [{ against: ["python"], ratio: 2 }] },
  {
    name: "coldStart",
    what: "program start to first results of 2 workers",
    unit: "ms",
    ofProgram: "milliseconds",
    goals: [{ against: ["workerpool-process", "tinypool-process"], ratio: 1 }],
  },
  {
    name: "coldStart",
    what: "peak memory of all its processes, from program start to first results of 2 workers",
    unit: "MB",
    ofProgram: "peakMegabytes",
    goals: [{ against: ["workerpool-process", "tinypool-process"], ratio: 1 }],
  },
  { name: "lock", what: "lock + unlock, uncontended", unit: "pairs/s", goals: [{ against: ["python"], ratio: 4 }] },
  { name: "lockContended", what: "lock + unlock, two processes contending", unit: "pairs/s", goals: [{ against: ["python"], ratio: 4 }] },
  { name: "lockAsync", what: "await lock.acquire(), uncontended", unit: "us", goals: [{ atMost: 1 }] },
  { name: "increment", what: "shared value += 1, locked or atomic", unit: "adds/s", goals: [{ against: ["python"], ratio: 15 }] },
  {
    name: "wakeSync",
    what: "a waiter in another process that has been blocked for 0.3 ms wakes, p50",
    unit: "us",
    goals: [{ atMost: 25 }],
  },
  { name: "wakeAsync", what: "a waiter in another process that has awaited for 0.3 ms wakes, p50", unit: "us", goals: [{ atMost: 40 }] },
  {
    name: "wakeSyncIdle",
    what: "the same, blocked for 3 ms on an idle machine",
    unit: "us",
    goals: [{ against: ["raw-futex"], ratio: 0.8 }],
  },
  {
    name: "wakeAsyncIdle",
    what: "the same, awaiting for 3 ms on an idle machine",
    unit: "us",
    goals: [{ against: ["raw-futex"], ratio: 0.8 }],
  },
  { name: "eventFanOut", what: "Event.set with 100 waiters in 8 processes, until all woke", unit: "us", goals: [] },
  { name: "barrier", what: "barrier of 4 processes", unit: "rounds/s", goals: [{ against: ["python"], ratio: 1 }] },
  { name: "arraySum", what: "sum of a 64 MiB shared array", unit: "MB/s", goals: [{ against: ["plain-array"], ratio: 0.95 }] },
  { name: "arrayScale", what: "scaling a 64 MiB shared array", unit: "MB/s", goals: [{ against: ["plain-array"], ratio: 0.95 }] },
];

/** Units in which a smaller figure is the better one. */
export const lowerIsBetter = new Set(["us", "ms", "MB"]);
