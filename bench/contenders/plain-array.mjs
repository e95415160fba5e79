import { bandwidth, bigArray } from "../measure.mjs";
import { scaleInPlace } from "../work/tasks.mjs";

export const arraySum = () => {
  const array = bigArray();
  return bandwidth(() => {
    let sum = 0;
    for (let index = 0; index < array.length; index++) sum += array[index];
    return sum;
  });
};
export const arrayScale = () => {
  const array = bigArray();
  return bandwidth(() => scaleInPlace(array));
};
