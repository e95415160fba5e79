/** A lock that one process holds at a time, and an event that all wait for. Both travel as arguments. */
import { setTimeout as sleep } from "node:timers/promises";
import { Event, Lock, Process } from "manyhands";

async function worker(lock: Lock, event: Event, workerId: number): Promise<void> {
  await lock.runExclusive(() => console.log(`Worker ${workerId} acquired the lock`));
  await event.wait();
  console.log(`Worker ${workerId} received event signal`);
}

const lock = new Lock();
const event = new Event();
const processes = [0, 1].map((i) => new Process(worker, [lock, event, i]));
for (const process of processes) process.start();

await sleep(500);
event.set();
for (const process of processes) await process.join();

// Prints, in any order:
// Worker 0 acquired the lock
// Worker 0 received event signal
// Worker 1 acquired the lock
// Worker 1 received event signal
