import workerpool from "workerpool";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../work/workerpool-worker.mjs", import.meta.url));
const pool = workerpool.pool(file, { workerType: "thread", minWorkers: 2, maxWorkers: 2 });
await Promise.all([pool.exec("square", [1]), pool.exec("square", [2])]);
process.exit();
