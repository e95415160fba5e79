import { Worker } from "node:worker_threads";
import { RawPool } from "../raw-pool.mjs";

const workers = Array.from({ length: 2 }, () => new Worker(new URL("../work/raw-thread.mjs", import.meta.url)));
const pool = new RawPool(workers, (worker, message, transfer) => worker.postMessage(message, transfer));
await Promise.all([pool.run("square", 1), pool.run("square", 2)]);
process.exit();
