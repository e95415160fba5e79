/** Checks what users hand to a process, at the call where they hand it over. */

export interface ProcessOptions {
  /** A label for people; `Process-N` by default. */
  readonly name?: string | undefined;
  /** Whether it is stopped when the program ends, instead of waited for; inherited from the creating process by default. */
  readonly daemon?: boolean | undefined;
  /** Replaces the inherited environment. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Node's own flags for it, in place of those of this program. */
  readonly execArgv?: readonly string[] | undefined;
  /** What becomes of what it prints: seen with the program's own output, dropped, or to be read here. `"inherit"` by default. */
  readonly stdio?: "inherit" | "ignore" | "pipe" | undefined;
}

export function checkTarget(target: unknown, args: unknown): void {
  if (target !== undefined && typeof target !== "function") {
    throw new TypeError(`Cannot make a Process: the target must be a function; it is ${typeof target}`);
  }
  if (args !== undefined && !Array.isArray(args)) {
    throw new TypeError(`Cannot make a Process: args must be an array, such as [value]; it is ${args === null ? "null" : typeof args}`);
  }
}

export function checkProcessOptions(options: ProcessOptions): ProcessOptions {
  if (typeof options !== "object" || options === null) throw new TypeError("The options of a Process must be an object");
  const { name, daemon, env, execArgv, stdio } = options;
  if (name !== undefined && typeof name !== "string") throw new TypeError(`The name of a Process must be a string; it is ${typeof name}`);
  if (daemon !== undefined && typeof daemon !== "boolean") throw new TypeError(`daemon must be true or false; it is ${typeof daemon}`);
  if (env !== undefined) checkEnv(env);
  if (execArgv !== undefined && !isStringArray(execArgv)) throw new TypeError("execArgv must be an array of strings");
  if (stdio !== undefined && !stdioKinds.has(stdio)) {
    throw new TypeError(`stdio must be ${[...stdioKinds].map((kind) => `"${kind}"`).join(", ")}; it is ${JSON.stringify(stdio)}`);
  }
  return options;
}

/** Node would turn other values into text without a word. @throws TypeError when a value is neither a string nor `undefined`. */
export function checkEnv(env: unknown): void {
  if (typeof env !== "object" || env === null) throw new TypeError("env must be an object of strings");
  for (const [key, value] of Object.entries(env)) {
    if (value !== undefined && typeof value !== "string") throw new TypeError(`env.${key} must be a string; it is of type ${typeof value}`);
  }
}

const stdioKinds: ReadonlySet<string> = new Set(["inherit", "ignore", "pipe"]);

function isStringArray(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
