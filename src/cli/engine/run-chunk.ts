/** Runs in workers: maps the user's function over the items of one chunk, one after the other. */
import { loadTarget, type MappedFunction } from "../target/load-target.js";
import type { TargetReference } from "../target/target-reference.js";
import { describeError } from "./describe-error.js";
import { JournalWriter, type ItemRecord, type JournalAddress } from "./journal.js";

export interface ChunkRequest {
  readonly target: TargetReference;
  readonly items: readonly string[];
  readonly format: ItemFormat;
  /** Where to note what is finished; `undefined` for a single item, whose death needs no note. */
  readonly journal: JournalAddress | undefined;
  /** Milliseconds after which the worker hands back what it has not begun; `undefined` for never. */
  readonly budget: number | undefined;
}

export interface ItemFormat {
  /** The function is given the text, or the value that the text is the JSON of. */
  readonly input: "text" | "json";
  /** Results are written as JSON, or strings as they are. */
  readonly output: "json" | "raw";
}

export interface ChunkReply {
  /** Items run, from the first; the others were not begun. */
  readonly ran: number;
  readonly text: string;
  readonly failures: readonly ItemFailure[];
  /** Milliseconds. */
  readonly elapsed: number;
}

export interface ItemFailure {
  /** Place in the chunk, from 0. */
  readonly index: number;
  readonly error: string;
}

export async function runChunk(request: ChunkRequest): Promise<ChunkReply> {
  const run = await loadTarget(request.target);
  const journal = request.journal === undefined ? undefined : journalAt(request.journal);
  journal?.begin();
  const result = new ChunkResult();
  const started = performance.now();
  let elapsed = 0;
  for (const item of request.items) {
    const record = runItem(run, item, request.format);
    const settled = record instanceof Promise ? await record : record;
    journal?.append(settled);
    result.add(settled);
    elapsed = performance.now() - started;
    if (result.isLarge || (request.budget !== undefined && elapsed >= request.budget)) break;
  }
  return { ran: result.ran, text: result.text, failures: result.failures, elapsed };
}

/** The text of the records of a chunk, and its failures, gathered in order. */
export class ChunkResult {
  readonly failures: ItemFailure[] = [];
  text = "";
  ran = 0;

  add(record: ItemRecord): void {
    if (record.isFailure) this.failures.push({ index: this.ran, error: record.text });
    else this.text += `${record.text}\n`;
    this.ran += 1;
  }

  /** More would make a message that costs memory and saves no trip. */
  get isLarge(): boolean {
    return this.text.length >= largeReplyCharacters;
  }
}

/** A promise only where the function gave one: to await a plain value costs more than to square a number. */
function runItem(run: MappedFunction, item: string, format: ItemFormat): ItemRecord | Promise<ItemRecord> {
  try {
    const value = run(format.input === "json" ? parseJson(item) : item);
    if (!isThenable(value)) return { isFailure: false, text: formatResult(value, format.output) };
    return awaitItem(value, format.output);
  } catch (error) {
    return failureOf(error);
  }
}

async function awaitItem(value: PromiseLike<unknown>, output: ItemFormat["output"]): Promise<ItemRecord> {
  try {
    return { isFailure: false, text: formatResult(await value, output) };
  } catch (error) {
    return failureOf(error);
  }
}

function failureOf(error: unknown): ItemRecord {
  return { isFailure: true, text: describeError(error) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`the line is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** JSON has no `undefined`; a function without a result still gives a line, so that lines and inputs match up. */
function formatResult(value: unknown, output: ItemFormat["output"]): string {
  if (output === "raw" && typeof value === "string") return value;
  return JSON.stringify(value) ?? "null";
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "then") === "function";
}

const journals = new Map<string, JournalWriter>();

/** A path may come again for another file, when a descriptor's number is used again. */
function journalAt(address: JournalAddress): JournalWriter {
  const known = journals.get(address.path);
  if (known?.id === address.id) return known;
  known?.close();
  const journal = new JournalWriter(address);
  journals.set(address.path, journal);
  return journal;
}

const largeReplyCharacters = 4 * 1024 * 1024;
