import * as tasks from "./tasks.mjs";

process.on("message", ({ id, task, value, isChunk }) => {
  process.send({ id, result: isChunk ? value.map(tasks[task]) : tasks[task](value) });
});
