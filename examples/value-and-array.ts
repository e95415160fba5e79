/** A number and an array in memory that both processes see: nothing is sent but the two handles. */
import { Process, SharedArray, SharedValue } from "manyhands";

function updateShared(number: SharedValue<"int32">, array: SharedArray<"int32">): void {
  number.add(100);
  for (let i = 0; i < array.length; i++) array.view[i]! *= 2;
}

const number = new SharedValue("int32", 0);
const array = new SharedArray("int32", [1, 2, 3, 4]);

const process = new Process(updateShared, [number, array]);
process.start();
await process.join();

console.log("Shared number:", number.value);
console.log("Shared array:", [...array]);

// Prints:
// Shared number: 100
// Shared array: [ 2, 4, 6, 8 ]
