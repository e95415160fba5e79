import assert from "node:assert/strict";
import { test } from "node:test";
import { CancelledError, WorkerDiedError } from "#lib/errors.js";
import type { RunningChunk, WorkerPool } from "#lib/cli/engine/chunk-runner.js";
import { mapInputs, type MapOptions } from "#lib/cli/engine/map-inputs.js";
import type { ResultBlock } from "#lib/cli/engine/result-block.js";
import { runChunk, type ChunkReply, type ChunkRequest } from "#lib/cli/engine/run-chunk.js";
import type { InputPiece, InputSource } from "#lib/cli/input/input-source.js";

/** A pool whose workers are this very thread. `run` may do with a chunk what it likes. */
class LocalPool implements WorkerPool {
  readonly requests: ChunkRequest[] = [];
  readonly #run: (request: ChunkRequest) => Promise<ChunkReply>;

  constructor(run = runChunk) {
    this.#run = run;
  }

  apply(_run: typeof runChunk, [request]: readonly [ChunkRequest]): RunningChunk {
    this.requests.push(request);
    const cancelled = new AbortController();
    const reply = new Promise<ChunkReply>((resolve, reject) => {
      cancelled.signal.addEventListener("abort", () => reject(new CancelledError("cancelled")));
      this.#run(request).then(resolve, reject);
    });
    return Object.assign(reply, { cancel: () => cancelled.abort() });
  }
}

class LocalSource implements InputSource {
  given = 0;
  isClosed = false;
  readonly #pieces: Iterable<InputPiece>;

  constructor(pieces: Iterable<InputPiece>) {
    this.#pieces = pieces;
  }

  async *pieces(): AsyncGenerator<InputPiece> {
    for (const piece of this.#pieces) {
      this.given += piece.kind === "inputs" ? piece.items.length : 1;
      yield piece;
    }
  }

  extent(): { kind: "unknown" } {
    return { kind: "unknown" };
  }

  close(): void {
    this.isClosed = true;
  }
}

const numbers = (count: number): InputPiece[] => [
  { kind: "inputs", items: Array.from({ length: count }, (_, index) => String(index)), firstLine: 1 },
];

const options: MapOptions = {
  target: {
    module: "data:text/javascript,export default (x) => x * 2",
    exportName: "default",
    folder: "/",
    tsxFolder: undefined,
    written: "double",
  },
  format: { input: "text", output: "json" },
  jobs: 2,
  chunkSize: undefined,
  timeout: undefined,
  isOrdered: true,
};

function targetOf(source: string): MapOptions["target"] {
  return { ...options.target, module: `data:text/javascript,${encodeURIComponent(source)}` };
}

function* endlessNumbers(): Generator<InputPiece> {
  for (;;) yield* numbers(1000);
}

function* brokenNumbers(): Generator<InputPiece> {
  yield* numbers(1);
  throw new Error("the disk is gone");
}

async function collect(blocks: AsyncIterable<ResultBlock>): Promise<{ lines: string[]; failures: string[]; inputs: number }> {
  const all = { lines: [] as string[], failures: [] as string[], inputs: 0 };
  for await (const block of blocks) {
    all.inputs += block.inputs;
    all.lines.push(...block.text.split("\n").slice(0, -1));
    all.failures.push(...block.failures.map(({ index, name, error }) => `${index} ${name}: ${error}`));
  }
  return all;
}

test("every input has its line, in order, and chunks grow while items are quick", async () => {
  const pool = new LocalPool();
  const { lines, inputs } = await collect(mapInputs(pool, new LocalSource(numbers(3000)), options));
  assert.deepEqual(
    lines,
    Array.from({ length: 3000 }, (_, index) => String(index * 2)),
  );
  assert.equal(inputs, 3000);
  assert.equal(pool.requests[0]?.items.length, 1);
  assert.ok(pool.requests.some((request) => request.items.length > 100));
});

test("a fixed chunk size is kept, and one of 1 writes no journal", async () => {
  const pool = new LocalPool();
  await collect(mapInputs(pool, new LocalSource(numbers(10)), { ...options, chunkSize: 4 }));
  assert.deepEqual(
    pool.requests.map((request) => request.items.length),
    [4, 4, 2],
  );
  const single = new LocalPool();
  await collect(mapInputs(single, new LocalSource(numbers(3)), { ...options, chunkSize: 1 }));
  assert.deepEqual(
    single.requests.map((request) => request.journal),
    [undefined, undefined, undefined],
  );
});

test("an error fails its input alone, whatever was thrown", async () => {
  const target = targetOf(
    `export default async (x) => { if (x === "1") throw new RangeError("a\\nb"); if (x === "2") throw null; return x }`,
  );
  const { lines, failures } = await collect(mapInputs(new LocalPool(), new LocalSource(numbers(4)), { ...options, target }));
  assert.deepEqual(lines, ['"0"', '"3"']);
  assert.deepEqual(failures, ['1 line 2 "1": RangeError: a\\nb', '2 line 3 "2": thrown: null']);
});

test("a refused input fails in its place", async () => {
  const source = new LocalSource([...numbers(1), { kind: "refused", name: "line 2", reason: "it is bad" }, ...numbers(1)]);
  const { failures, inputs } = await collect(mapInputs(new LocalPool(), source, options));
  assert.deepEqual([failures, inputs], [["1 line 2: it is bad"], 3]);
});

test("a worker that dies in a chunk costs the input it ran: what was done counts, what was not begun goes elsewhere, nothing runs twice", async () => {
  const begun: string[] = [];
  const dyingPool = new LocalPool(async (request) => {
    const doomed = request.items.indexOf("5");
    const reply = await runChunk(doomed === -1 ? request : { ...request, items: request.items.slice(0, doomed) });
    begun.push(...request.items.slice(0, doomed === -1 ? reply.ran : doomed + 1));
    if (doomed === -1) return reply;
    throw new WorkerDiedError("died", { pid: 1, exitCode: -9, signal: "SIGKILL", task: undefined });
  });
  const { lines, failures } = await collect(mapInputs(dyingPool, new LocalSource(numbers(20)), { ...options, chunkSize: 10 }));
  assert.deepEqual(
    lines,
    Array.from({ length: 20 }, (_, index) => String(index * 2)).filter((line) => line !== "10"),
  );
  assert.deepEqual(failures, ['5 line 6 "5": its worker was killed by SIGKILL']);
  assert.deepEqual(
    begun.map(Number).sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, index) => index),
  );
});

test("an input that runs too long is cut, in the middle of a chunk too, and the others go on", async () => {
  const target = targetOf(`export default (x) => x === "3" ? new Promise(() => {}) : x`);
  const { lines, failures } = await collect(
    mapInputs(new LocalPool(), new LocalSource(numbers(8)), { ...options, target, chunkSize: 8, timeout: 60 }),
  );
  assert.deepEqual(
    lines,
    ["0", "1", "2", "4", "5", "6", "7"].map((line) => JSON.stringify(line)),
  );
  assert.deepEqual(failures, ['3 line 4 "3": ran for longer than 60 ms, and was stopped']);
});

test("a slow item hands back the rest of its chunk when nobody fixed the size", async () => {
  const target = targetOf(
    `export default (x) => { if (x === "700") { const end = Date.now() + 150; while (Date.now() < end); } return x }`,
  );
  const pool = new LocalPool();
  const { inputs } = await collect(mapInputs(pool, new LocalSource(numbers(1000)), { ...options, target }));
  assert.equal(inputs, 1000);
  // Others may have been handed back before, with this one among them, where the machine stood still.
  const ranIt = pool.requests.findLastIndex((request) => request.items.includes("700"));
  const ranNext = pool.requests.findLastIndex((request) => request.items.includes("701"));
  assert.ok(ranNext > ranIt, "the rest of the chunk was not handed back");
});

/** Turns of the event loop: more than enough for a reader without a limit to run far ahead. */
async function manyTurns(): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test("when nobody takes results, reading stops", async () => {
  const source = new LocalSource(endlessNumbers());
  const blocks = mapInputs(new LocalPool(), source, options);
  await blocks.next();
  const given = source.given;
  await manyTurns();
  assert.ok(source.given - given < 120_000, `${source.given - given} inputs were read ahead`);
  await blocks.return(undefined);
  assert.equal(source.isClosed, true);
});

test("when no worker gets on, reading stops", async () => {
  const source = new LocalSource(endlessNumbers());
  const answers: ((reply: ChunkReply) => void)[] = [];
  const stuckPool = new LocalPool(() => new Promise((resolve) => answers.push(resolve)));
  const blocks = mapInputs(stuckPool, source, options);
  const first = blocks.next();
  await manyTurns();
  assert.ok(source.given >= 1000 && source.given < 120_000, `${source.given} inputs were read`);
  for (const answer of answers) answer({ ran: 1, text: "", failures: [], elapsed: 1 });
  assert.equal((await first).done, false);
  await blocks.return(undefined);
});

test("what breaks the source or the pool ends the iteration with that error", async () => {
  await assert.rejects(collect(mapInputs(new LocalPool(), new LocalSource(brokenNumbers()), options)), /the disk is gone/);
  const failing = new LocalPool(() => Promise.reject(new Error("no workers")));
  await assert.rejects(collect(mapInputs(failing, new LocalSource(numbers(5)), options)), /no workers/);
});

test("results without a JSON form are null, and --raw leaves strings as they are", async () => {
  const target = targetOf(`export default (x) => x === "0" ? undefined : x === "1" ? { a: 1 } : "two words"`);
  const run = (output: "json" | "raw"): Promise<{ lines: string[] }> =>
    collect(mapInputs(new LocalPool(), new LocalSource(numbers(3)), { ...options, target, format: { input: "text", output } }));
  assert.deepEqual((await run("json")).lines, ["null", '{"a":1}', '"two words"']);
  assert.deepEqual((await run("raw")).lines, ["null", '{"a":1}', "two words"]);
});

test("JSON inputs are parsed, and a bad one fails alone", async () => {
  const target = targetOf(`export default (x) => x.n + 1`);
  const source = new LocalSource([{ kind: "inputs", items: ['{"n":1}', "{n:2}", '{"n":3}'], firstLine: 1 }]);
  const { lines, failures } = await collect(
    mapInputs(new LocalPool(), source, { ...options, target, format: { input: "json", output: "json" } }),
  );
  assert.deepEqual(lines, ["2", "4"]);
  assert.equal(failures.length, 1);
  assert.match(failures[0] ?? "", /^1 line 2 "\{n:2\}": SyntaxError: the line is not JSON: /);
});
