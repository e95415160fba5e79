/** A task that may hang: wait for it a while, then stop it. */
import { setTimeout as sleep } from "node:timers/promises";
import { Process } from "manyhands";

async function longTask(): Promise<void> {
  await sleep(10_000);
  console.log("Task complete");
}

console.log("Starting long task...");
const process = new Process(longTask);
process.start();

await process.join({ timeout: 1_000 });
if (process.isAlive) {
  console.log("Process is taking too long, terminating");
  process.terminate();
}
console.log("Main process continued");

console.log("Exit code:", await process.join()); // negative: ended by that signal, and 15 is SIGTERM

// Prints:
// Starting long task...
// Process is taking too long, terminating
// Main process continued
// Exit code: -15
