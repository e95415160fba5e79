/** The same face with threads in place of processes: what is exported here goes before what the star brings. */
import * as face from "./threads.js";
import { nameFace } from "./ship/face.js";

export * from "./index.js";
export { ThreadPool as Pool, ThreadProcess as Process } from "./context.js";

nameFace("threads", face);
