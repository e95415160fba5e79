import { parentPort } from "node:worker_threads";
import * as tasks from "./tasks.mjs";

parentPort.on("message", ({ id, task, value, isChunk }) => {
  const result = isChunk ? value.map(tasks[task]) : tasks[task](value);
  parentPort.postMessage({ id, result }, ArrayBuffer.isView(result) ? [result.buffer] : []);
});
