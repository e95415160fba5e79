import { Pool } from "../../dist/index.js";
import { workers } from "../cases.mjs";
import { bandwidth, bigArray as makeBigArray, calls, medianMicroseconds, numbers, objectCount, rate, report } from "../measure.mjs";

const square = (x) => x * x;
const echo = (value) => value;
const scale = (array) => {
  const out = new Float64Array(array.length);
  for (let index = 0; index < array.length; index++) out[index] = array[index] * 2;
  return out;
};

export const map = () => {
  const pool = new Pool(workers);
  return rate(calls, () => pool.map(square, numbers));
};
export const inFlight = () => {
  const pool = new Pool(workers);
  return rate(calls, () => Promise.all(numbers.map((x) => pool.apply(square, [x]))));
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
  return rate(objectCount, () => Promise.all(reports.map((value) => pool.apply(echo, [value]))));
};
export const coldStart = async () => {
  const pool = new Pool(workers);
  await Promise.all([pool.apply(square, [1]), pool.apply(square, [2])]);
};
