import { ThreadWorker } from "poolifier";
import { echo, scale, square } from "./tasks.mjs";

export default new ThreadWorker({ square, scale, echo });
