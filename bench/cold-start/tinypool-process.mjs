import Tinypool from "tinypool";

const filename = new URL("../work/tasks.mjs", import.meta.url).href;
const pool = new Tinypool({ filename, minThreads: 2, maxThreads: 2, runtime: "child_process" });
await Promise.all([pool.run(1), pool.run(2)]);
process.exit();
