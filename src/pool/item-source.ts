/** The input of `imap`: a sync or an async iterable, pulled one item at a time, and closed when it is left early. */
export class ItemSource<T> {
  readonly #iterator: Iterator<T> | AsyncIterator<T>;
  readonly isAsync: boolean;

  /** @throws TypeError when `input` is neither iterable nor async iterable. */
  constructor(input: Iterable<T> | AsyncIterable<T>) {
    this.isAsync = isAsyncIterable(input);
    this.#iterator = isAsyncIterable(input) ? input[Symbol.asyncIterator]() : openSync(input);
  }

  /** The next item: at once from a sync input, as a promise from an async one. */
  pull(): IteratorResult<T> | Promise<IteratorResult<T>> {
    return this.#iterator.next();
  }

  /** Tells the input that no more will be taken, so that its `finally` blocks run. */
  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}

/** Every item of a sync iterable now, or of an async one when it has ended. @throws TypeError when `input` is neither. */
export function collect<T>(input: Iterable<T> | AsyncIterable<T>): readonly T[] | Promise<readonly T[]> {
  if (isArray(input)) return input;
  if (isAsyncIterable(input)) return collectAsync(input);
  checkIterable(input);
  return Array.from(input);
}

function isArray<T>(input: Iterable<T> | AsyncIterable<T>): input is readonly T[] & Iterable<T> {
  return Array.isArray(input);
}

async function collectAsync<T>(input: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of input) items.push(item);
  return items;
}

function openSync<T>(input: Iterable<T>): Iterator<T> {
  checkIterable(input);
  return input[Symbol.iterator]();
}

function isAsyncIterable<T>(input: Iterable<T> | AsyncIterable<T>): input is AsyncIterable<T> {
  return typeof input === "object" && input !== null && Symbol.asyncIterator in input;
}

function checkIterable(input: unknown): void {
  const isIterable = typeof input === "string" || (typeof input === "object" && input !== null && Symbol.iterator in input);
  if (!isIterable)
    throw new TypeError(
      `The input must be iterable or async iterable; it is ${input === null ? "null" : `a value of type ${typeof input}`}`,
    );
}
