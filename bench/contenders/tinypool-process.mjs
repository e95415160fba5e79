import Tinypool from "tinypool";
import { workers } from "../cases.mjs";

const filename = new URL("../work/tasks.mjs", import.meta.url).href;

export const coldStart = async () => {
  const pool = new Tinypool({ filename, minThreads: workers, maxThreads: workers, runtime: "child_process" });
  await Promise.all([pool.run(1), pool.run(2)]);
};
