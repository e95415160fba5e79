import Tinypool from "tinypool";
import { workers } from "../cases.mjs";
import { calls, medianMicroseconds, numbers, objectCount, rateAlone, report } from "../measure.mjs";

const filename = new URL("../work/tasks.mjs", import.meta.url).href;
const start = (count = workers) => new Tinypool({ filename, minThreads: count, maxThreads: count });

export const inFlight = () => {
  const pool = start();
  return rateAlone(calls, () => Promise.all(numbers.map((x) => pool.run(x))));
};
/** There is no map that chunks; a call an item is what its users write. */
export const map = inFlight;
export const roundTrip = () => {
  const pool = start(1);
  return medianMicroseconds(5_000, () => pool.run(3));
};
export const roundTripPinned = roundTrip;
export const objects = () => {
  const pool = start();
  const reports = Array.from({ length: objectCount }, (_, id) => report(id));
  return rateAlone(objectCount, () => Promise.all(reports.map((value) => pool.run(value, { name: "echo" }))));
};
