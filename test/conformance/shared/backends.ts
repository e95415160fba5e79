import * as processes from "manyhands";
import * as threads from "manyhands/threads";

const both = [
  { kind: "process", Process: processes.Process, Pool: processes.Pool },
  { kind: "thread", Process: threads.Process, Pool: threads.Pool },
] as const;

/**
 * Both faces of the library; what is the same for both is tested with both. Without native functions
 * (`../sync/without-native.test.ts`) only threads share memory.
 */
export const backends = both.filter(({ kind }) => kind === "thread" || process.env["MANYHANDS_NO_NATIVE"] !== "1");
