/** Where the encoder is in a value, kept cheaply, and written out only for an error: `args[0].rows.get("x")[3].socket`. */

/** A property's name, an element's index, the key of a map's value, or a step that shows nothing or always the same. */
export type Step = string | number | KeyStep | FixedStep;

/** To the value a map has for `key`; spelled out only when it is shown, since most never are. */
export class KeyStep {
  readonly key: unknown;

  constructor(key: unknown) {
    this.key = key;
  }
}

export class FixedStep {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Steps that lead to something that is encoded later, linked to those before them. */
export interface Trail {
  readonly before: Trail | undefined;
  readonly steps: readonly Step[];
}

/** Longer paths lose their middle. */
const maxShownSteps = 24;

export class Path {
  root = "value";
  /** Steps before those in `steps`; set while something that was put off is encoded. */
  before: Trail | undefined;
  /** The depth of the first step that does not belong to `before`. */
  from = 0;
  /** The step taken at each depth; entries beyond the present depth are stale. */
  readonly steps: Step[] = [];

  /** The steps above `depth`. */
  trail(depth: number): Trail {
    return { before: this.before, steps: this.steps.slice(this.from, depth) };
  }

  reset(root: string): void {
    this.root = root;
    this.before = undefined;
    this.from = 0;
  }

  format(depth: number): string {
    const parts: (readonly Step[])[] = [];
    for (let trail: Trail | undefined = this.trail(depth); trail !== undefined; trail = trail.before) parts.unshift(trail.steps);
    const steps = parts.flat().map(formatStep);
    if (steps.length > maxShownSteps) steps.splice(maxShownSteps / 2, steps.length - maxShownSteps, "…");
    return this.root + steps.join("");
  }
}

function formatStep(step: Step): string {
  if (typeof step === "number") return `[${step}]`;
  if (typeof step === "object") return step instanceof FixedStep ? step.text : `.get(${describeKey(step.key)})`;
  return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}

function describeKey(key: unknown): string {
  if (typeof key === "string") return JSON.stringify(key);
  return typeof key === "number" || typeof key === "bigint" || typeof key === "boolean" ? String(key) : "…";
}
