/**
 * Variables that are assigned to after they were declared. Functions of one message that share such a variable share it on the
 * other side, too: in their texts the variable `n` becomes `n.value`, where `n` is bound to the cell.
 *
 * Two closures share a variable when they were made by the same run of the scope around them. What the scope makes anew in each
 * run and never assigns again (a function, a literal) is its witness: the same witness, the same run. Where there is none, V8
 * changes the variable in one function for a moment, and looks whether it has changed in the other.
 */
import { NotShippableError } from "../errors.js";
import type { EncodeContext } from "../wire/extension.js";
import { inspectorSession } from "./inspector-session.js";
import type { Sight } from "./sight.js";
import type { FunctionPlace } from "./located.js";
import { nameOf } from "./refusal.js";
import { readVariable, stopsAtEntry } from "./variables.js";

/** A shared variable. Here it is read from the scope of a function; where it arrives it has the value itself. */
export class Cell {
  value: unknown = undefined;
  readonly name: string;
  readonly #others = new WeakSet<Cell>();
  #holder: WeakRef<Function> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** From now on `fn`, which has the variable in its scope, tells the value. */
  readThrough(fn: Function): void {
    this.#holder = new WeakRef(fn);
  }

  /** Whether it is known to be another variable than that of `cell`. */
  isOther(cell: Cell): boolean {
    return this.#others.has(cell) || cell.#others.has(this);
  }

  noteOther(cell: Cell): void {
    this.#others.add(cell);
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

export interface CellUse {
  /** Which variable of the text it is. */
  readonly declaration: string;
  readonly cell: Cell;
  readonly located: FunctionPlace;
  readonly subject: string;
}

/**
 * The cell that stands for the variable: that of another function of the message, when they share it. For two functions of one
 * message that have the variable `declaration`, and no witness that says whether it is the same, V8 finds out.
 * @throws NotShippableError when it cannot, and the values do not tell the variables apart.
 */
export function unwitnessedCell(context: EncodeContext, use: CellUse): Cell {
  const known = context.notes.get(use.declaration);
  const others = known instanceof Map ? (known as Map<Cell, FunctionPlace>) : new Map<Cell, FunctionPlace>();
  context.notes.set(use.declaration, others);
  for (const [cell, located] of others) {
    if (cell === use.cell) return cell;
    if (cell.isOther(use.cell) || !Object.is(cell.read(context), use.cell.read(context))) continue;
    if (decide({ cell, located }, use)) return cell;
    cell.noteOther(use.cell);
  }
  others.set(use.cell, use.located);
  return use.cell;
}

function decide(known: { readonly cell: Cell; readonly located: FunctionPlace }, use: CellUse): boolean {
  const { name } = use.cell;
  const [some, other] = stopsAtEntry(use.located.node.inner) ? [use.located, known.located] : [known.located, use.located];
  const isShared = stopsAtEntry(some.node.inner) ? inspectorSession().sharesVariable(some.fn, other.fn, name) : undefined;
  if (isShared !== undefined) return isShared;
  throw new NotShippableError(
    `Cannot send ${use.subject} together with ${nameOf(known.located.fn)}: both use the variable ${name}, which changes, and it cannot be told whether they share it. ` +
      `Keep what they share in an object that does not change (const state = { ${name}: … })`,
    [use.subject, name],
  );
}
