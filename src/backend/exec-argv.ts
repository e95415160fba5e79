/** Which of this program's Node flags its workers get, too: loaders and limits carry over, debuggers and entry points do not. */
import { sessionEnvironment } from "../memory/session.js";
import { parentVariable } from "./realm.js";

/** This program's flags, less those that a worker must not have. */
export function inheritedExecArgv(flags: readonly string[] = process.execArgv): string[] {
  const kept: string[] = [];
  for (let index = 0; index < flags.length; index++) {
    const flag = flags[index] ?? "";
    if (!isOwn(flag)) kept.push(flag);
    else if (takesNext(flag)) index += 1;
  }
  return kept;
}

/** Debuggers would fight for one port; the others say what this program itself is to run, watch or test. */
const ownFlags =
  /^(?:--inspect|--debug-port|--test|--experimental-test|--watch|--input-type|--experimental-default-type|--eval|--print|--check|--interactive|--run|--cpu-prof|--heap-prof|-e|-p|-pe|-c|-i)(?:$|[-=])/;

/** Those of them whose value may be the next argument. */
const withValue: ReadonlySet<string> = new Set([
  "--eval",
  "--print",
  "-e",
  "-p",
  "-pe",
  "--input-type",
  "--experimental-default-type",
  "--run",
  "--inspect-port",
  "--debug-port",
  "--watch-path",
  "--test-name-pattern",
  "--test-skip-pattern",
  "--test-reporter",
  "--test-reporter-destination",
  "--test-concurrency",
  "--test-timeout",
  "--test-shard",
  "--cpu-prof-dir",
  "--cpu-prof-name",
  "--cpu-prof-interval",
  "--heap-prof-dir",
  "--heap-prof-name",
  "--heap-prof-interval",
]);

function isOwn(flag: string): boolean {
  return ownFlags.test(flag);
}

function takesNext(flag: string): boolean {
  return withValue.has(flag);
}

/** The flags that give a process the heap limits that a thread gets as options. */
export function limitFlags(
  limits: { maxOldGenerationSizeMb?: number; maxYoungGenerationSizeMb?: number; stackSizeMb?: number } | undefined,
): string[] {
  if (limits === undefined) return [];
  const flags: string[] = [];
  if (limits.maxOldGenerationSizeMb !== undefined) flags.push(`--max-old-space-size=${Math.ceil(limits.maxOldGenerationSizeMb)}`);
  if (limits.maxYoungGenerationSizeMb !== undefined)
    flags.push(`--max-semi-space-size=${Math.max(1, Math.ceil(limits.maxYoungGenerationSizeMb / 3))}`);
  if (limits.stackSizeMb !== undefined) flags.push(`--stack-size=${Math.ceil(limits.stackSizeMb * 1000)}`);
  return flags;
}

/** The environment of a worker: this program's, without what belongs to this process alone, and with the session that they share. */
export function inheritedEnv(env: Readonly<Record<string, string | undefined>> | undefined): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _testRunner, NODE_CHANNEL_FD: _ipc, NODE_UNIQUE_ID: _cluster, ...rest } = { ...(env ?? process.env) };
  // A thread would get the word "undefined".
  const defined = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...defined, ...sessionEnvironment(), [parentVariable]: String(process.pid) };
}
