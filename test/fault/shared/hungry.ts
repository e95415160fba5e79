/** Wants more memory than there is: `hungry.js HOW`. Prints what came of it. */
import { activeChildren, Pipe, Pool, Process, Queue, ResourceLimitError, SharedArray, SharedMemory, SharedValue } from "manyhands";

const how = process.argv[2] ?? "";
const actions: Readonly<Record<string, () => void | Promise<void>>> = {
  /** One array far larger than /dev/shm, every page of which is touched, here and in another process. */
  async large() {
    const array = new SharedArray("float64", (64 << 20) / 8).fill(1.5);
    const child = new Process((other: SharedArray<"float64">) => void other.view.fill(2.5), [array]).start();
    if ((await child.join()) !== 0 || !array.view.every((element) => element === 2.5)) throw new Error("the array is not shared");
  },
  /** Middle-sized arrays, until there is no more. */
  many() {
    const kept: unknown[] = [];
    for (;;) kept.push(new SharedArray("uint8", 300_000).fill(7));
  },
  /** Small objects, until there is no more. */
  small() {
    const kept: unknown[] = [];
    for (let count = 0; count < 200_000; count++) kept.push(new SharedValue("int32", count));
  },
  /** Values far larger than /dev/shm, as arguments and results. */
  async pool() {
    const pool = new Pool(2);
    const arrays = Array.from({ length: 6 }, (_, index) => new Float64Array((16 << 20) / 8).fill(index));
    const back = await pool.map((array: Float64Array) => array.map((element) => element + 0.5), arrays, { chunkSize: 1 });
    if (!back.every((array, index) => array.every((element) => element === index + 0.5))) throw new Error("an array arrived otherwise");
    await pool[Symbol.asyncDispose]();
  },
  async pipe() {
    const [here, there] = Pipe<Uint8Array>();
    const child = new Process(
      async (connection: typeof there) => connection.send((await connection.recv()).map((byte) => byte + 1)),
      [there],
    );
    child.start();
    there.close();
    await here.send(new Uint8Array(16 << 20).fill(3));
    const back = await here.recv();
    if (back.length !== 16 << 20 || !back.every((byte) => byte === 4)) throw new Error("the array arrived otherwise");
    if ((await child.join()) !== 0) throw new Error("the other end failed");
  },
  async queue() {
    const queue = new Queue<Uint8Array>();
    const child = new Process(async (items: typeof queue) => (await items.get()).every((byte) => byte === 3), [queue]).start();
    await queue.put(new Uint8Array(16 << 20).fill(3));
    if ((await child.result()) !== true) throw new Error("the item arrived otherwise");
  },
  named() {
    SharedMemory.create({ size: 64 << 20 }).bytes.fill(1);
  },
};

const act = actions[how];
if (act === undefined) throw new Error(`unknown way ${how}`);
try {
  await act();
  console.log("works");
} catch (error) {
  if (!(error instanceof ResourceLimitError)) throw error;
  console.log("ResourceLimitError");
  // A child waits for what could not be sent.
  for (const child of activeChildren()) child.terminate();
}
