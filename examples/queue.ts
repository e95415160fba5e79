/** A queue between two processes. */
import { Process, Queue } from "manyhands";

async function producer(q: Queue<string>): Promise<void> {
  await q.put("Hello");
  await q.put("from");
  await q.put("another process");
}

const q = new Queue<string>();
const process = new Process(producer, [q]);
process.start();
await process.join();
while (!q.isEmpty) console.log(await q.get());

// Prints:
// Hello
// from
// another process
