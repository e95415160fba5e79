/** What TypeScript infers of a pool, and what must not compile. Checked by the compiler; nothing here runs against a worker. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expectTypeOf } from "expect-type";
import { type Outcome, Pool, type ResultIterator, type Task } from "manyhands";
import type { Pool as ThreadPool } from "manyhands/threads";

declare const pool: Pool;
declare const numbers: number[];
declare const later: AsyncIterable<number>;
declare const pairs: [number, string][];

function inferences(): void {
  expectTypeOf(pool.apply(() => 1)).toEqualTypeOf<Task<number>>();
  expectTypeOf(pool.apply(async () => "a")).toEqualTypeOf<Task<string>>();
  expectTypeOf(pool.apply((a: number, b: string) => b.repeat(a), [1, "x"])).toEqualTypeOf<Task<string>>();
  expectTypeOf(pool.apply((a, b) => [a, b] as const, [1, "x"])).toEqualTypeOf<Task<readonly [number, string]>>();
  expectTypeOf(pool.apply((a?: number) => a)).toEqualTypeOf<Task<number | undefined>>();
  expectTypeOf(pool.apply((...all: number[]) => all.length, [1, 2, 3])).toEqualTypeOf<Task<number>>();
  expectTypeOf(pool.apply(Math.max, [1, 2])).toEqualTypeOf<Task<number>>();

  expectTypeOf(pool.map(async (x: number) => String(x), numbers)).toEqualTypeOf<Task<string[]>>();
  expectTypeOf(pool.map((x) => x * 2, numbers)).toEqualTypeOf<Task<number[]>>();
  expectTypeOf(pool.map((x) => x.toFixed(), new Set([1]))).toEqualTypeOf<Task<string[]>>();
  expectTypeOf(pool.map((x) => x.toFixed(), later)).toEqualTypeOf<Task<string[]>>();
  expectTypeOf(pool.map((x: number | string) => x, numbers)).toEqualTypeOf<Task<(number | string)[]>>();

  expectTypeOf(pool.starmap((n, text) => text.repeat(n), pairs)).toEqualTypeOf<Task<string[]>>();
  expectTypeOf(
    pool.starmap(
      (a: number, b: number) => a + b,
      [
        [1, 2],
        [3, 4],
      ],
    ),
  ).toEqualTypeOf<Task<number[]>>();

  expectTypeOf(pool.imap(async (x: number) => String(x), later)).toEqualTypeOf<ResultIterator<string, number>>();
  expectTypeOf(pool.imapUnordered((x) => x > 1, numbers).next()).resolves.toEqualTypeOf<IteratorResult<boolean, undefined>>();
  expectTypeOf(pool.imap((x) => x > 1, numbers).outcomes()).toExtend<AsyncIterable<Outcome<number, boolean>>>();

  expectTypeOf(pool.apply(() => 1).then(String)).toEqualTypeOf<Promise<string>>();
  expectTypeOf(pool.apply(() => 1).successful).toEqualTypeOf<boolean | undefined>();
  expectTypeOf(pool.join({ timeout: 1 })).toEqualTypeOf<Promise<boolean>>();
  expectTypeOf(new Pool(1, { initializer: (n: number, s: string) => s.repeat(n), initargs: [1, "x"] })).toExtend<Pool>();
  expectTypeOf<ThreadPool>().toExtend<Pool>();
}

function misuses(): void {
  // @ts-expect-error an argument of the wrong type
  void pool.apply((a: number) => a, ["x"]);
  // @ts-expect-error an argument is missing
  void pool.apply((a: number) => a);
  // @ts-expect-error an argument is missing
  void pool.apply((a: number, b: number) => a + b, [1]);
  // @ts-expect-error items of the wrong type
  void pool.map((x: string) => x, numbers);
  // @ts-expect-error a number is not iterable
  void pool.map((x: number) => x, 5);
  // @ts-expect-error tuples of the wrong type
  void pool.starmap((a: string, b: string) => a + b, pairs);
  // @ts-expect-error items that are not lists of arguments
  void pool.starmap((a: number) => a, numbers);
  // @ts-expect-error an option that does not exist
  void pool.map((x: number) => x, numbers, { chunksize: 3 });
  // @ts-expect-error readAhead belongs to imap
  void pool.map((x: number) => x, numbers, { readAhead: 3 });
  // @ts-expect-error the initializer's arguments are of the wrong type
  void new Pool(1, { initializer: (n: number) => n, initargs: ["x"] });
  // @ts-expect-error not a way to connect output
  void new Pool(1, { stdio: "pipe" });
}

test("the types of a pool are checked by the compiler", () => {
  assert.equal(typeof inferences, "function");
  assert.equal(typeof misuses, "function");
});
