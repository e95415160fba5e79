/**
 * Python needs `if __name__ == "__main__"` around this, or every new process runs the script again and starts
 * processes of its own. Here a worker gets the function alone, so the script runs once; and a pool with nothing left
 * to do does not keep the program from ending.
 */
import { Pool } from "manyhands";

function worker(num: number): string {
  return `Worker ${num} result`;
}

console.log("The script runs");
const pool = new Pool(3);
console.log(await pool.map(worker, [1, 2, 3]));

// Prints:
// The script runs
// [ 'Worker 1 result', 'Worker 2 result', 'Worker 3 result' ]
