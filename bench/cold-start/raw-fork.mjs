import { fork } from "node:child_process";
import { RawPool } from "../raw-pool.mjs";

const workers = Array.from({ length: 2 }, () => fork(new URL("../work/raw-fork.mjs", import.meta.url)));
const pool = new RawPool(workers, (worker, message) => worker.send(message));
await Promise.all([pool.run("square", 1), pool.run("square", 2)]);
process.exit();
