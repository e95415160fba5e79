/** Remembers which function captured what, so that a refusal can name the way from the function that was sent to the offender. */
import { NotShippableError } from "../errors.js";

interface Capturer {
  readonly owner: object;
  readonly subject: string;
  readonly name: string;
}

const capturers = new WeakMap<object, Capturer>();

/** Longer chains are cut: they may be circular. */
const maxChain = 12;

/** Notes that `owner`, described as `subject`, has `value` in its variable `name`. */
export function traceCapture(value: unknown, capturer: Capturer): void {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return;
  if (value !== capturer.owner) capturers.set(value, capturer);
}

/** Notes that `value` is what the cell `cell` holds: whoever captured the cell captured the value. */
export function traceContent(value: unknown, cell: object): void {
  const capturer = capturers.get(cell);
  if (capturer !== undefined) traceCapture(value, capturer);
}

/** From the outermost function that is known to the one that captured `value`, as subjects and names in turn. */
export function chainTo(value: object): string[] {
  const chain: string[] = [];
  const seen = new Set<object>([value]);
  let capturer = capturers.get(value);
  while (capturer !== undefined && chain.length < maxChain) {
    chain.unshift(capturer.subject, capturer.name);
    if (seen.has(capturer.owner)) break;
    seen.add(capturer.owner);
    capturer = capturers.get(capturer.owner);
  }
  return chain;
}

/** The refusal of `value` with the way to it. */
export function withChain(value: object, refusal: NotShippableError): NotShippableError {
  const chain = chainTo(value);
  if (chain.length === 0) return refusal;
  const steps: string[] = [];
  for (let index = 0; index < chain.length; index += 2) steps.push(`${chain[index]} captured ${chain[index + 1]}`);
  return new NotShippableError(`${refusal.message} (${steps.join(", ")})`, [...chain, ...refusal.chain], { cause: refusal });
}
