/** A plain array is copied to the other process: what that one does to its copy is not seen here. */
import { Process } from "manyhands";

function updateList(list: number[]): void {
  list.push(100);
  console.log("Inside process:", list);
}

const myList = [1, 2, 3];
const process = new Process(updateList, [myList]);
process.start();
await process.join();
console.log("In main process:", myList);

// Prints:
// Inside process: [ 1, 2, 3, 100 ]
// In main process: [ 1, 2, 3 ]
