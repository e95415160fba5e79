import { Process } from "manyhands";
import { Process as ThreadProcess } from "manyhands/threads";

/** Both faces of the library; what is the same for both is tested with both. */
export const backends = [
  { kind: "process", Process },
  { kind: "thread", Process: ThreadProcess },
] as const;
