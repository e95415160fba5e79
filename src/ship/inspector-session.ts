/**
 * Looks into functions through V8's own inspector, connected to this very isolate.
 *
 * The function is handed over in a mailbox object that the inspector knows by id, so no global is left behind. The debugger is
 * switched on for moments only. No front end is attached to this session: a `debugger` statement of the user does not wait.
 */
import type { Runtime, Session } from "node:inspector";
import { asArgument, idOf, isLocation, isRecord } from "./remote-object.js";
import type { BoundSight, Inside, ScopeSight, ScriptSight, Sight } from "./sight.js";

interface Mailbox {
  outgoing: unknown;
  saved: unknown;
  incoming: unknown[];
}

const lookGroup = "manyhands.look";
const mailboxGroup = "manyhands.mailbox";

/** Milliseconds. */
const enabledFor = 50;

/** Milliseconds. Nothing runs for as long; V8 wants a limit to take back that it ended execution. */
const evaluationTimeout = 60_000;

/** As many parameters of a function are given something that any pattern takes apart. */
const maxPatterns = 32;

/** Has every property, and iterates. */
const anything: unknown = new Proxy(() => {}, {
  get: (_target, key) =>
    key === Symbol.iterator ? (): Iterator<unknown> => Array.from({ length: maxPatterns }, () => anything).values() : anything,
});

let connected: InspectorSession | undefined;

export function inspectorSession(): InspectorSession {
  return (connected ??= new InspectorSession());
}

class InspectorSession {
  readonly #session: Session;
  readonly #mailbox: Mailbox = { outgoing: undefined, saved: undefined, incoming: [] };
  readonly #mailboxId: string;
  /** While the debugger is enabled. */
  readonly #scripts = new Map<string, AnnouncedScript>();
  #disabling: NodeJS.Timeout | undefined;

  constructor() {
    const { Session: SessionClass } = process.getBuiltinModule("node:inspector");
    this.#session = new SessionClass();
    this.#session.connect();
    this.#session.on("Debugger.scriptParsed", ({ params }: { params: AnnouncedScript }) => void this.#scripts.set(params.scriptId, params));
    this.#mailboxId = this.#introduce();
  }

  look(fn: Function): Sight {
    this.#mailbox.outgoing = fn;
    try {
      const internals = this.#internals();
      const location: unknown = internals.get("[[FunctionLocation]]")?.value;
      return {
        location: isLocation(location)
          ? { scriptId: location.scriptId, line: location.lineNumber, column: location.columnNumber }
          : undefined,
        scopes: this.#scopes(internals.get("[[Scopes]]")),
        bound: this.#bound(internals),
      };
    } finally {
      this.#forget();
    }
  }

  /**
   * What `name` means inside of `fn`, a function or method that is neither a generator nor a class.
   *
   * The function is called with a breakpoint at its entry, and execution ends there: nothing of it runs. This needs
   * `Runtime.evaluate` with a timeout, around which V8 takes back that execution ended.
   */
  readInside(fn: Function, name: string): Inside {
    let inside: Inside = { state: "absent" };
    this.#enter(fn, (evaluate) => {
      const { result, exceptionDetails } = evaluate(name);
      inside =
        exceptionDetails === undefined ? { state: "value", value: this.#receive([result as Runtime.RemoteObject])[0] } : { state: "unset" };
    });
    return inside;
  }

  /**
   * Whether the variable `name` of `fn` is the very one that `other` has: it is changed in the one, looked at in the other, and
   * changed back before anything else runs. `undefined` when `fn` cannot be entered.
   */
  sharesVariable(fn: Function, other: Function, name: string): boolean | undefined {
    let answer: boolean | undefined;
    this.#withGlobal((mailbox) => {
      this.#enter(fn, (evaluate) => {
        const { result } = evaluate(`${mailbox}.saved = ${name}, ${name} = ${mailbox}, ${name} === ${mailbox}`);
        if (!isRecord(result) || result["value"] !== true) return;
        try {
          answer = this.look(other).scopes.find(({ variables }) => Object.hasOwn(variables, name))?.variables[name] === this.#mailbox;
        } finally {
          evaluate(`${name} = ${mailbox}.saved`);
          this.#mailbox.saved = undefined;
        }
      });
    });
    return answer;
  }

  #enter(fn: Function, use: (evaluate: (expression: string) => Readonly<Record<string, unknown>>) => void): void {
    if (process.getBuiltinModule("node:inspector").url() !== undefined) return;
    const onPaused = ({ params: { callFrames } }: { params: { callFrames: readonly { callFrameId: string }[] } }): void => {
      const frame = { callFrameId: callFrames[0]?.callFrameId, silent: true, objectGroup: lookGroup };
      try {
        use((expression) => this.#post("Debugger.evaluateOnCallFrame", { ...frame, expression }));
      } finally {
        this.#post("Debugger.resume", { terminateOnResume: true });
      }
    };
    this.#mailbox.outgoing = fn;
    this.#session.on("Debugger.paused", onPaused);
    try {
      this.#callStopped();
    } finally {
      this.#session.off("Debugger.paused", onPaused);
      this.#forget();
    }
  }

  /** Calls the function in the mailbox, which stops at its entry. Its arguments are such that any pattern takes them apart. */
  #callStopped(): void {
    this.#enableDebugger();
    const objectId = idOf(this.#onMailbox("function () { return this.outgoing; }", []));
    const { breakpointId } = this.#post("Debugger.setBreakpointOnFunctionCall", { objectId });
    this.#mailbox.incoming = Array.from({ length: maxPatterns }, () => anything);
    try {
      this.#withGlobal((mailbox) => {
        const expression = `{ const { outgoing, incoming } = ${mailbox}; outgoing(...incoming); }`;
        try {
          this.#post("Runtime.evaluate", { expression, silent: true, timeout: evaluationTimeout, objectGroup: lookGroup });
        } catch (error) {
          if (!String(error).includes("terminated")) throw error;
        }
      });
    } finally {
      this.#post("Debugger.removeBreakpoint", { breakpointId });
    }
  }

  /** The script with this id; what was collected, or never had a source, is `undefined`. */
  script(scriptId: string): ScriptSight | undefined {
    this.#enableDebugger();
    const found = this.#scripts.get(scriptId);
    if (found === undefined) return undefined;
    const source: unknown = this.#post("Debugger.getScriptSource", { scriptId })["scriptSource"];
    const { url, isModule, startLine, startColumn } = found;
    return typeof source === "string" ? { url, isModule: isModule === true, startLine, startColumn, source } : undefined;
  }

  /** The scripts that this was called from, ids to URLs: those of the stack that comes with an error while `Runtime` is enabled. */
  runningScripts(): ReadonlyMap<string, string> {
    this.#post("Runtime.enable");
    try {
      const answer = this.#post("Runtime.evaluate", { expression: "throw new Error()", silent: true, objectGroup: lookGroup });
      const { stackTrace } = (answer["exceptionDetails"] ?? {}) as Partial<Runtime.ExceptionDetails>;
      return new Map((stackTrace?.callFrames ?? []).map(({ scriptId, url }) => [scriptId, url]));
    } finally {
      this.#post("Runtime.disable");
      this.#forget();
    }
  }

  /** To be enabled makes V8 announce every script, which costs milliseconds: so it stays enabled for a moment. */
  #enableDebugger(): void {
    if (this.#disabling === undefined) {
      this.#post("Debugger.enable");
      this.#disabling = setTimeout(() => this.#disableDebugger(), enabledFor).unref();
    } else {
      this.#disabling.refresh();
    }
  }

  #disableDebugger(): void {
    this.#disabling = undefined;
    this.#scripts.clear();
    this.#post("Debugger.disable");
  }

  #introduce(): string {
    return this.#withGlobal((expression) => idOf(this.#post("Runtime.evaluate", { expression, objectGroup: mailboxGroup })["result"]));
  }

  /** Lets the inspector know the mailbox: for the length of one synchronous call it is a global. */
  #withGlobal<T>(use: (expression: string) => T): T {
    const name = `manyhands.mailbox.${Math.random()}`;
    Object.defineProperty(globalThis, name, { value: this.#mailbox, configurable: true, enumerable: false });
    try {
      return use(`globalThis[${JSON.stringify(name)}]`);
    } finally {
      Reflect.deleteProperty(globalThis, name);
    }
  }

  #forget(): void {
    this.#mailbox.outgoing = undefined;
    this.#mailbox.incoming = [];
    this.#post("Runtime.releaseObjectGroup", { objectGroup: lookGroup });
  }

  #internals(): ReadonlyMap<string, Runtime.RemoteObject> {
    const fn = this.#onMailbox("function () { return this.outgoing; }", []);
    const listed = this.#post("Runtime.getProperties", { objectId: idOf(fn), ownProperties: true })["internalProperties"];
    const properties = Array.isArray(listed) ? (listed as Runtime.InternalPropertyDescriptor[]) : [];
    return new Map(properties.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
  }

  #scopes(list: Runtime.RemoteObject | undefined): ScopeSight[] {
    if (list === undefined) return [];
    const entries = this.#post("Runtime.getProperties", { objectId: idOf(list), ownProperties: true })["result"];
    const scopes = (Array.isArray(entries) ? (entries as Runtime.PropertyDescriptor[]) : [])
      .filter(({ name }) => /^\d+$/.test(name))
      .flatMap(({ value }) => (value === undefined || value.description === "Global" ? [] : [value]));
    const received = this.#receive(scopes);
    return received.flatMap((scope, index) => {
      const variables: unknown = typeof scope === "object" && scope !== null ? Reflect.get(scope, "object") : undefined;
      if (!isRecord(variables)) return [];
      const description = scopes[index]?.description ?? "";
      return [{ isScriptLevel: description === "Module" || description === "Script", variables }];
    });
  }

  #bound(internals: ReadonlyMap<string, Runtime.RemoteObject>): BoundSight | undefined {
    const parts = ["[[TargetFunction]]", "[[BoundThis]]", "[[BoundArgs]]"].map((name) => internals.get(name));
    const [target, thisValue, args] = parts;
    if (target === undefined || thisValue === undefined || args === undefined) return undefined;
    const received = this.#receive([target, thisValue, args]);
    if (typeof received[0] !== "function") return undefined;
    return { target: received[0], thisValue: received[1], args: Array.from(received[2] as ArrayLike<unknown>) };
  }

  /** The very values that the inspector speaks of. */
  #receive(values: readonly Runtime.RemoteObject[]): readonly unknown[] {
    this.#onMailbox("function (...values) { this.incoming = values; }", values.map(asArgument));
    return this.#mailbox.incoming;
  }

  #onMailbox(functionDeclaration: string, args: readonly Runtime.CallArgument[]): unknown {
    const request = { objectId: this.#mailboxId, functionDeclaration, arguments: args, objectGroup: lookGroup };
    return this.#post("Runtime.callFunctionOn", request)["result"];
  }

  #post(method: string, params: object = {}): Readonly<Record<string, unknown>> {
    let failure: Error | undefined;
    let answer: object = {};
    this.#session.post(method, params, (error: Error | null, result?: object) => {
      if (error !== null) failure = error;
      else if (result !== undefined) answer = result;
    });
    if (failure !== undefined) throw new Error(`The inspector refused ${method}: ${failure.message}`, { cause: failure });
    return answer as Readonly<Record<string, unknown>>;
  }
}

interface AnnouncedScript {
  readonly scriptId: string;
  readonly url: string;
  readonly isModule?: boolean;
  readonly startLine: number;
  readonly startColumn: number;
}
