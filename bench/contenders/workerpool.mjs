import workerpool from "workerpool";
import { fileURLToPath } from "node:url";
import { workers } from "../cases.mjs";
import { calls, medianMicroseconds, numbers, objectCount, rateAlone, report } from "../measure.mjs";

const start = (count = workers) =>
  workerpool.pool(fileURLToPath(new URL("../work/workerpool-worker.mjs", import.meta.url)), {
    workerType: "thread",
    minWorkers: count,
    maxWorkers: count,
  });

export const inFlight = () => {
  const pool = start();
  return rateAlone(calls, () => Promise.all(numbers.map((x) => pool.exec("square", [x]))));
};
/** There is no map that chunks; a call an item is what its users write. */
export const map = inFlight;
export const roundTrip = () => {
  const pool = start(1);
  return medianMicroseconds(5_000, () => pool.exec("square", [3]));
};
export const roundTripPinned = roundTrip;
export const objects = () => {
  const pool = start();
  const reports = Array.from({ length: objectCount }, (_, id) => report(id));
  return rateAlone(objectCount, () => Promise.all(reports.map((value) => pool.exec("echo", [value]))));
};
