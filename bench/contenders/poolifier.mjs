import { FixedThreadPool } from "poolifier";
import { fileURLToPath } from "node:url";
import { workers } from "../cases.mjs";
import { calls, medianMicroseconds, numbers, objectCount, rateAlone, report } from "../measure.mjs";

const start = (count = workers) => new FixedThreadPool(count, fileURLToPath(new URL("../work/poolifier-thread.mjs", import.meta.url)));

export const map = () => {
  const pool = start();
  return rateAlone(calls, () => pool.mapExecute(numbers, "square"));
};
export const inFlight = () => {
  const pool = start();
  return rateAlone(calls, () => Promise.all(numbers.map((x) => pool.execute(x, "square"))));
};
export const roundTrip = () => {
  const pool = start(1);
  return medianMicroseconds(5_000, () => pool.execute(3, "square"));
};
export const roundTripPinned = roundTrip;
export const objects = () => {
  const pool = start();
  const reports = Array.from({ length: objectCount }, (_, id) => report(id));
  return rateAlone(objectCount, () => Promise.all(reports.map((value) => pool.execute(value, "echo"))));
};
