/** One process for each call of a function. */
import { Process } from "manyhands";

function task(name: string): void {
  console.log(`Running task ${name}`);
}

const processes = [0, 1, 2].map((i) => new Process(task, [`Process-${i}`]));
for (const process of processes) process.start();
for (const process of processes) await process.join();

// Prints, in any order:
// Running task Process-0
// Running task Process-1
// Running task Process-2
