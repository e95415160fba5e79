export { ThreadProcess as Process } from "./context.js";
export { activeChildren } from "./process/process.js";
export { currentProcess, parentProcess, type CurrentProcess, type ParentProcess } from "./process/identity.js";
export type { ProcessOptions } from "./process/options.js";
export { isMain } from "./process/is-main.js";
export { cpuCount } from "./platform/cpu-count.js";
export * from "./errors.js";
