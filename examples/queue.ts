/** A queue that one process fills and another empties. What was put is there even when the producer has ended. */
import { Process, Queue } from "manyhands";

async function producer(queue: Queue<string>): Promise<void> {
  await queue.put("Hello");
  await queue.put("from");
  await queue.put("another process");
}

const queue = new Queue<string>();
const process = new Process(producer, [queue]);
process.start();
await process.join();
while (!queue.isEmpty) console.log(await queue.get());

// Prints:
// Hello
// from
// another process
