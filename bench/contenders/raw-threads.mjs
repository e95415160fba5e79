import { Worker } from "node:worker_threads";
import { workers } from "../cases.mjs";
import {
  bandwidth,
  bigArray as makeBigArray,
  bigLength,
  calls,
  medianMicroseconds,
  numbers,
  objectCount,
  rateAlone,
  report,
} from "../measure.mjs";
import { RawPool } from "../raw-pool.mjs";

const start = (count = workers) =>
  new RawPool(
    Array.from({ length: count }, () => new Worker(new URL("../work/raw-thread.mjs", import.meta.url))),
    (worker, message, transfer) => worker.postMessage(message, transfer),
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
  const pool = start(1);
  return medianMicroseconds(5_000, () => pool.run("square", 3));
};
export const roundTripPinned = roundTrip;
export const objects = () => {
  const pool = start();
  const reports = Array.from({ length: objectCount }, (_, id) => report(id));
  return rateAlone(objectCount, () => Promise.all(reports.map((value) => pool.run("echo", value))));
};
const transferArray = () => {
  const pool = start(1);
  return bandwidth(async () => {
    const array = makeBigArray();
    await pool.run("scale", array, { transfer: [array.buffer] });
  });
};
const shareArray = () => {
  const pool = start(1);
  const array = new Float64Array(new SharedArrayBuffer(bigLength * 8)).fill(1.5);
  return bandwidth(() => pool.run("scaleInPlace", array));
};
export { shareArray as sharedArray, transferArray as bigArray };
