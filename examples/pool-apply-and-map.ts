/** A single call in the background with `apply`, many with `map`. */
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "manyhands";

async function slowTask(x: number): Promise<number> {
  await sleep(100);
  return x * x;
}

await using pool = new Pool(4);

const result = pool.apply(slowTask, [10]); // runs already; await it when the value is needed
console.log(`Async result: ${await result}`);

console.log("Map results:", await pool.map(slowTask, [1, 2, 3]));

// Prints:
// Async result: 100
// Map results: [ 1, 4, 9 ]
