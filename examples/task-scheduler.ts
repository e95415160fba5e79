/** Independent jobs of different length, side by side. `clock` follows the task into the worker. */
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "manyhands";

function clock(): string {
  return new Date().toTimeString().slice(0, 8);
}

async function scheduledTask([name, seconds]: [string, number]): Promise<[string, string]> {
  await sleep(seconds * 1_000);
  return [name, clock()];
}

const tasks: [string, number][] = [
  ["Data backup", 2],
  ["Log analysis", 1],
  ["Email sending", 3],
];

console.log(`Starting tasks at ${clock()}`);
await using pool = new Pool(3);
for (const [taskName, completionTime] of await pool.map(scheduledTask, tasks)) {
  console.log(`${taskName} completed at ${completionTime}`);
}

// Prints:
// Starting tasks at <time>
// Data backup completed at <time>
// Log analysis completed at <time>
// Email sending completed at <time>
