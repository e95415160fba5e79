import { fork } from "node:child_process";
import { workers } from "../cases.mjs";
import {
  bandwidth,
  bigArray as makeBigArray,
  calls,
  medianMicroseconds,
  messageCount,
  numbers,
  objectCount,
  rate,
  rateAlone,
  report,
} from "../measure.mjs";
import { RawPool } from "../raw-pool.mjs";

const start = ({ count = workers, serialization = "json" } = {}) =>
  new RawPool(
    Array.from({ length: count }, () => fork(new URL("../work/raw-fork.mjs", import.meta.url), { serialization })),
    (worker, message) => worker.send(message),
  );

export const map = () => {
  const pool = start();
  return rateAlone(calls, () => pool.mapByHand("square", numbers, 12_500));
};
export const inFlight = () => {
  const pool = start();
  return rateAlone(calls, () => Promise.all(numbers.map((x) => pool.run("square", x))));
};
export const roundTrip = () => {
  const pool = start({ count: 1 });
  return medianMicroseconds(5_000, () => pool.run("square", 3));
};
export const roundTripPinned = roundTrip;
export const bigArray = () => {
  const pool = start({ count: 1, serialization: "advanced" });
  return bandwidth(() => pool.run("scale", makeBigArray()));
};
export const objects = () => {
  const pool = start();
  const reports = Array.from({ length: objectCount }, (_, id) => report(id));
  return rateAlone(objectCount, () => Promise.all(reports.map((value) => pool.run("echo", value))));
};
/** A queue as far as fork has one: a stream of messages, the last of which is answered. */
const stream = (make) => () => {
  const child = fork(new URL("../work/raw-fork-sink.mjs", import.meta.url), { serialization: make.serialization });
  return rate(messageCount, async () => {
    const done = new Promise((resolve) => child.once("message", resolve));
    for (let index = 0; index < messageCount; index++) {
      const sent = new Promise((resolve) =>
        index % 500 === 499 ? child.send(make.value(index), resolve) : (child.send(make.value(index)), resolve()),
      );
      if (index % 500 === 499) await sent;
    }
    child.send("end");
    await done;
  });
};
export const queueInts = stream({ serialization: "json", value: (index) => index });
export const queueBuffers = stream({ serialization: "advanced", value: () => Buffer.alloc(1024) });
