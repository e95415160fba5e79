import { parseArgs } from "node:util";
import { parseDuration } from "./duration.js";
import type { ItemFormat } from "./engine/run-chunk.js";

/** What the user asked for. */
export type Command = { readonly kind: "help" } | { readonly kind: "version" } | MapCommand;

export interface MapCommand {
  readonly kind: "map";
  /** `MODULE[#EXPORT]` as written. */
  readonly target: string;
  readonly input: InputChoice;
  readonly format: ItemFormat;
  readonly isOrdered: boolean;
  /** `undefined` for the number of cores. */
  readonly jobs: number | undefined;
  readonly backend: "process" | "thread";
  readonly chunkSize: number | undefined;
  /** Milliseconds. */
  readonly timeout: number | undefined;
  readonly isQuiet: boolean;
}

/** `isNullEnded`: inputs end with a NUL byte instead of a line end. */
export type InputChoice =
  | { readonly kind: "stdin"; readonly isNullEnded: boolean }
  | { readonly kind: "file"; readonly path: string; readonly isNullEnded: boolean }
  | { readonly kind: "globs"; readonly globs: readonly string[] };

/** The command line is wrong; the message says how. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseArguments(argv: readonly string[]): Command {
  const { values, positionals } = parseStrictly(argv);
  if (values.help === true) return { kind: "help" };
  if (values.version === true) return { kind: "version" };
  const [command, target, ...others] = positionals;
  if (command === undefined) throw new UsageError("Which command? There is one: map.");
  if (command !== "map") throw new UsageError(`There is no command ${JSON.stringify(command)}; there is one: map.`);
  if (target === undefined || target === "") throw new UsageError("Map what? Name a module, and one of its functions: ./count.js#words.");
  return {
    kind: "map",
    target,
    input: inputChoice(values, others),
    format: { input: values.json === true ? "json" : "text", output: values.raw === true ? "raw" : "json" },
    isOrdered: values.unordered !== true,
    jobs: count(values.jobs, { option: "--jobs", max: mostJobs }),
    backend: values.threads === true ? "thread" : "process",
    chunkSize: count(values["chunk-size"], { option: "--chunk-size", max: largestChunk }),
    timeout: timeout(values.timeout),
    isQuiet: values.quiet === true,
  };
}

const options = {
  input: { type: "string", short: "i" },
  files: { type: "string", multiple: true },
  null: { type: "boolean", short: "0" },
  json: { type: "boolean" },
  unordered: { type: "boolean", short: "u" },
  raw: { type: "boolean", short: "r" },
  jobs: { type: "string", short: "j" },
  threads: { type: "boolean" },
  "chunk-size": { type: "string" },
  timeout: { type: "string" },
  quiet: { type: "boolean", short: "q" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" },
} as const;

type Values = ReturnType<typeof parseStrictly>["values"];

function parseStrictly(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(firstSentence(error));
  }
}

/** Node's messages go on to explain how to pass an argument that starts with a dash. */
function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${message.replace(/\n/g, " ").split(/\. To specify|\. Did you/)[0]}.`.replace(/\.\.$/, ".");
}

/** After `--files`, what the shell made of a glob comes as further arguments. */
function inputChoice(values: Values, others: readonly string[]): InputChoice {
  const { files, input } = values;
  if (files !== undefined) {
    if (input !== undefined) throw new UsageError("--files and --input cannot both be given: inputs come from one of them.");
    if (values.null === true) throw new UsageError("--files and --null cannot both be given: globs give whole names already.");
    if (values.json === true) throw new UsageError("--files and --json cannot both be given: names of files are not JSON.");
    return { kind: "globs", globs: [...files, ...others] };
  }
  const [unexpected] = others;
  if (unexpected !== undefined) throw new UsageError(`Unexpected argument ${JSON.stringify(unexpected)}: files to map come after --files.`);
  const isNullEnded = values.null === true;
  return input === undefined || input === "-" ? { kind: "stdin", isNullEnded } : { kind: "file", path: input, isNullEnded };
}

function count(text: string | undefined, limits: { readonly option: string; readonly max: number }): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= limits.max) return value;
  throw new UsageError(`${limits.option} takes a whole number from 1 to ${limits.max}, not ${JSON.stringify(text)}.`);
}

function timeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = parseDuration(text);
  if (value !== undefined && value >= 1 && value <= longestTimeout) return value;
  throw new UsageError(`--timeout takes milliseconds or a time like 500ms, 5s, 2m or 1h, up to 24 days; not ${JSON.stringify(text)}.`);
}

const mostJobs = 1024;
const largestChunk = 1_000_000;
/** What a timer of Node can hold: 2^31 - 1 ms. */
const longestTimeout = 2_147_483_647;
