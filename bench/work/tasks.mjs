/** The work, for the pools that want it in a file. */
export const square = (x) => x * x;
export const scale = (array) => {
  const out = new Float64Array(array.length);
  for (let index = 0; index < array.length; index++) out[index] = array[index] * 2;
  return out;
};
export const scaleInPlace = (array) => {
  for (let index = 0; index < array.length; index++) array[index] *= 2;
};
export const echo = (value) => value;
export default square;
