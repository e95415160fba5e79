import * as processes from "manyhands";
import * as threads from "manyhands/threads";

/** Both faces of the library; what is the same for both is tested with both. */
export const backends = [
  { kind: "process", Process: processes.Process, Pool: processes.Pool },
  { kind: "thread", Process: threads.Process, Pool: threads.Pool },
] as const;
