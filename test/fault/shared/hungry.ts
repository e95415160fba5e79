/** Wants more memory than there is: `hungry.js HOW`. Prints what came of it. */
import { Process, ResourceLimitError, SharedArray, SharedMemory, SharedValue } from "manyhands";

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
}
