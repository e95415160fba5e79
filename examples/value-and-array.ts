/** A value and an array in memory that both processes share. */
import { Process, SharedArray, SharedValue } from "manyhands";

function updateShared(num: SharedValue<"int32">, arr: SharedArray<"int32">): void {
  num.value = 100;
  for (let i = 0; i < arr.length; i++) arr.view[i]! *= 2;
}

const num = new SharedValue("int32", 0);
const arr = new SharedArray("int32", [1, 2, 3, 4]);
const process = new Process(updateShared, [num, arr]);
process.start();
await process.join();
console.log(`Shared number: ${num.value}`);
console.log(`Shared array: ${arr}`);

// Prints:
// Shared number: 100
// Shared array: [2, 4, 6, 8]
