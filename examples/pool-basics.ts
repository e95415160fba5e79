/** A pool applies a function to every item, on three processes, and gives the results in order. */
import { Pool } from "manyhands";

function worker(num: number): string {
  return `Worker ${num} result`;
}

await using pool = new Pool(3);
console.log(await pool.map(worker, [1, 2, 3]));

// Prints:
// [ 'Worker 1 result', 'Worker 2 result', 'Worker 3 result' ]
