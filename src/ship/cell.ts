/**
 * Variables that are assigned to after they were declared. Functions of one message that share such a variable share it on the
 * other side, too: in their texts the variable `n` becomes `n.value`, where `n` is bound to the cell.
 *
 * Two closures share a variable when they were made by the same run of the scope around them. V8 does not tell; but what the
 * scope makes anew in each run and never assigns again (a function, a literal) is its witness: the same witness, the same run.
 */
import { NotShippableError } from "../errors.js";
import type { EncodeContext } from "../wire/extension.js";
import { inspectorSession, type Sight } from "./inspector-session.js";
import { readVariable } from "./variables.js";

/** A shared variable. Here it is read from the scope of a function; where it arrives it has the value itself. */
export class Cell {
  value: unknown = undefined;
  readonly name: string;
  #holder: WeakRef<Function> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** From now on `fn`, which has the variable in its scope, tells the value. */
  readThrough(fn: Function): void {
    this.#holder = new WeakRef(fn);
  }

  read(context: EncodeContext): unknown {
    const holder = this.#holder?.deref();
    if (holder === undefined) return this.value;
    const found = readVariable(lookOnce(holder, context).scopes, this.name);
    if (found.state === "value") return found.value;
    throw new NotShippableError(
      `Cannot send ${holder.name}: its variable ${this.name} has no value yet. Send the function after the variable is set`,
      [holder.name, this.name],
    );
  }
}

/** Nothing runs between the parts of one message, so one look at a function serves all its variables. */
function lookOnce(fn: Function, { notes }: EncodeContext): Sight {
  const noted = notes.get("sights");
  const sights = noted instanceof Map ? (noted as Map<Function, Sight>) : new Map<Function, Sight>();
  notes.set("sights", sights);
  let sight = sights.get(fn);
  if (sight === undefined) sights.set(fn, (sight = inspectorSession().look(fn)));
  return sight;
}

const byScript = new Map<string, Cell>();
const byWitness = new WeakMap<object, Map<string, Cell>>();

/** The cell of a variable of a whole script. */
export function scriptCell(scriptId: string, name: string): Cell {
  const key = `${scriptId} ${name}`;
  let cell = byScript.get(key);
  if (cell === undefined) byScript.set(key, (cell = new Cell(name)));
  return cell;
}

/** The cell of a variable of the run of a scope that made `witness`. */
export function witnessedCell(witness: object, name: string): Cell {
  let cells = byWitness.get(witness);
  if (cells === undefined) byWitness.set(witness, (cells = new Map<string, Cell>()));
  let cell = cells.get(name);
  if (cell === undefined) cells.set(name, (cell = new Cell(name)));
  return cell;
}

/**
 * Refuses what may, or may not, be one variable: two functions of one message have the variable `declaration`, no witness
 * says whether it is the same, and its values do not tell them apart.
 */
export function checkUnwitnessed(context: EncodeContext, use: { declaration: string; cell: Cell; fn: Function; subject: string }): void {
  const known = context.notes.get(use.declaration);
  const others = known instanceof Map ? (known as Map<Cell, Function>) : new Map<Cell, Function>();
  for (const [cell, fn] of others) {
    if (cell === use.cell || !Object.is(cell.read(context), use.cell.read(context))) continue;
    throw new NotShippableError(
      `Cannot send ${use.subject} together with ${fn.name}: both use the variable ${use.cell.name}, which changes, and it cannot be told whether they share it. ` +
        `Keep what they share in an object that does not change (const state = { ${use.cell.name}: … })`,
      [use.subject, use.cell.name],
    );
  }
  others.set(use.cell, use.fn);
  context.notes.set(use.declaration, others);
}
